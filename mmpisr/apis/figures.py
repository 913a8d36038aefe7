"""Make the paper's figures of images from trained models: ``mmpisr figures``."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import nn

from mmpisr.command_line import run_tool
from mmpisr.files import write_atomically
from mmpisr.models.relations import BaseRelation
from mmpisr.output_names import distinct_names
from mmpisr.visualization.relation_figures import (
    center_figure,
    class_figure,
    difference_figure,
    pixel_figure,
    slot_figure,
)

from .inferencer import PanopticInferencer


def figures_of(
    model: PanopticInferencer,
    image: str | Path | np.ndarray,
    *,
    compare: PanopticInferencer | None = None,
    point: tuple[int, int] | None = None,
    classes: Sequence[str] | None = None,
) -> Iterator[tuple[str, np.ndarray]]:
    """Make all figures of an image.

    Args:
        model: With a relation.
        image: An image file, or BGR ``(H, W, 3)``.
        compare: A model for the same classes, drawn first, such as the base.
        point: (x, y) in pixels of the image: also show what this pixel depends on.
        classes: Classes of Fig. 4, and the first one is that of Fig. 5; None: see
            ``class_figure`` and ``center_figure``.

    Yields:
        A name, and a picture (RGB uint8, ``(H, W, 3)``): ``classes`` (Fig. 4),
        ``slots``, ``centers`` (Fig. 5, if all models are Panoptic-DeepLabs),
        ``differences`` (Figs. 6 and 7, of two models), ``pixel_<x>_<y>``.

    Raises:
        ValueError: The model has no relation; a class is unknown; the point is outside
            of the image, or the relation has no encodings; the models' classes differ.
    """
    named = named_models(model, compare)
    models = {name: one.examine(image) for name, one in named.items()}
    shown = [*models.values()][-1]

    yield 'classes', class_figure(shown, classes)
    yield 'slots', slot_figure(shown)
    if all(hasattr(one.model, 'forward_maps') for one in models.values()):
        yield 'centers', center_figure(models, classes[0] if classes else None)
    if compare is not None:
        yield 'differences', difference_figure(models)
    if point is not None:
        yield f'pixel_{point[0]}_{point[1]}', pixel_figure(shown, point)


def named_models(
    model: PanopticInferencer, compare: PanopticInferencer | None = None
) -> dict[str, PanopticInferencer]:
    """Name a model by its relation, and another one, which comes first.

    Raises:
        ValueError: The models' classes differ.
    """
    name = relation_name(model.model)
    if compare is None:
        return {name: model}
    own, others = ([*one.model.dataset_meta['classes']] for one in (model, compare))
    if own != others:
        raise ValueError(f'the models have different classes: {own} and {others}')
    other = relation_name(compare.model)
    return {other + ' (other)' * (other == name): compare, name: model}


def relation_name(model: nn.Module) -> str:
    """Kind of a model's relation, such as ``PISR``; ``base`` without one."""
    for module in model.modules():
        if isinstance(module, BaseRelation):
            return type(module).__name__.removesuffix('Relation')
    return 'base'


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``mmpisr figures``: write the figures of images into a folder.

    Args:
        argv: Arguments; None: those of the process.
    """
    parser = argparse.ArgumentParser(
        'mmpisr figures', description='Make the figures of the paper for your images.'
    )
    add = parser.add_argument
    add('config', help='of a model with a relation')
    add('checkpoint', help="of that config's model")
    add('images', nargs='+', help='image files')
    add('--out', required=True, type=Path, help='folder of the figures')
    pair: dict[str, Any] = dict(nargs=2, metavar=('CONFIG', 'CHECKPOINT'))
    add('--compare', **pair, help='a second model: also draws where predictions differ')
    pixel: dict[str, Any] = dict(type=_point, metavar='X,Y')
    add('--point', **pixel, help='pixel, from 0,0: also draws what it depends on')
    add('--classes', nargs='+', help='of Fig. 4; the first one is that of Fig. 5')
    add('--device', help='cpu, cuda, cuda:1; the best one by default')
    run_tool(parser, write_figures, argv)


def write_figures(
    config: str,
    checkpoint: str,
    images: Sequence[str],
    *,
    out: Path,
    compare: Sequence[str] | None,
    device: str | None,
    **options: Any,
) -> None:
    """Write the figures as ``<image>_<figure>.png`` and print the files."""
    model = PanopticInferencer(config, checkpoint, device=device)
    other = PanopticInferencer(*compare, device=device) if compare else None
    for image, name in distinct_names(images).items():
        for figure, picture in figures_of(model, image, compare=other, **options):
            path = out / f'{name}_{figure}.png'
            png = cv2.imencode('.png', picture[..., ::-1])[1]
            write_atomically(path, png.tobytes())
            print(path)


def _point(text: str) -> tuple[int, int]:
    """Read ``X,Y``."""
    x, y = map(int, text.split(','))
    return x, y
