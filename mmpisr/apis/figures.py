"""Make the paper's figures of images from trained models: ``mmpisr figures``."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import Compose
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mmpisr.command_line import run_tool
from mmpisr.datasets.transforms.load_image import use_load_image
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.files import write_atomically
from mmpisr.models.relations import BaseRelation
from mmpisr.output_names import distinct_names
from mmpisr.registry import DATASETS, MODELS
from mmpisr.visualization.examined_image import ExaminedImage
from mmpisr.visualization.relation_figures import (
    center_figure,
    class_figure,
    difference_figure,
    pixel_figure,
    slot_figure,
)

from .run_options import innermost_datasets, load_config

ERROR_LENGTH = 600


class FigureModel:
    """A trained model that figures are made of.

    Args:
        config: A config file with a ``test_dataloader``.
        checkpoint: Of that config's model.
        options: ``--cfg-options``.
        device: Where the model runs.

    Attributes:
        model: In evaluation mode.
        meta: ``classes`` and, if there is one, ``palette``: the checkpoint's, or else
            those of the test set.

    Raises:
        FileNotFoundError: A file is not there.
        ValueError: The checkpoint is of another model; names what differs.
    """

    def __init__(
        self,
        config: str | Path,
        checkpoint: str | Path,
        *,
        options: Mapping[str, Any] | None = None,
        device: str = 'cpu',
    ) -> None:
        cfg = load_config(str(config), options=options)
        init_default_scope(cfg.get('default_scope', 'mmdet'))
        self.model: nn.Module = MODELS.build(cfg.model)
        try:
            with checkpoint_trust():
                saved = load_checkpoint(self.model, str(checkpoint), 'cpu', strict=True)
        except RuntimeError as error:  # lists all parameters that differ
            text = f'{checkpoint} does not fit the model of {config}: {error}'
            raise ValueError(f'{text[:ERROR_LENGTH]} ...') from error
        self.model.to(device).eval()
        steps = Compose(get_test_pipeline_cfg(cfg)).transforms
        self._pipeline = Compose(use_load_image(steps))
        settings = innermost_datasets(cfg.test_dataloader.dataset)[0]
        self._orientation = settings.get('orientation')
        dataset = DATASETS.build({**settings, 'lazy_init': True})
        self.meta = dataset.metainfo | saved.get('meta', {}).get('dataset_meta', {})

    @property
    def name(self) -> str:
        """Kind of its relation, such as ``PISR``; ``base`` without one."""
        for module in self.model.modules():
            if isinstance(module, BaseRelation):
                return type(module).__name__.removesuffix('Relation')
        return 'base'

    def predict(self, image: str | Path) -> ExaminedImage:
        """Predict an image file."""
        info = dict(img_path=str(image), img_id=0, orientation=self._orientation)
        batch = pseudo_collate([self._pipeline(info)])
        return ExaminedImage(self.model, batch, self.meta)


def figures_of(
    model: FigureModel,
    image: str | Path,
    *,
    compare: FigureModel | None = None,
    point: tuple[int, int] | None = None,
    classes: Sequence[str] | None = None,
) -> Iterator[tuple[str, np.ndarray]]:
    """Make all figures of an image.

    Args:
        model: With a relation.
        image: An image file.
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
    if compare is not None and [*compare.meta['classes']] != [*model.meta['classes']]:
        raise ValueError(
            f'the models have different classes: {[*model.meta["classes"]]} and '
            f'{[*compare.meta["classes"]]}'
        )
    models = {model.name: model.predict(image)}
    if compare is not None:
        name = compare.name + ' (other)' * (compare.name in models)
        models = {name: compare.predict(image), **models}
    shown = models[model.name]

    yield 'classes', class_figure(shown, classes)
    yield 'slots', slot_figure(shown)
    if all(hasattr(one.model, 'forward_maps') for one in models.values()):
        yield 'centers', center_figure(models, classes[0] if classes else None)
    if compare is not None:
        yield 'differences', difference_figure(models)
    if point is not None:
        yield f'pixel_{point[0]}_{point[1]}', pixel_figure(shown, point)


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
    add('--device', default='cpu', help='cpu, cuda:0, ...')
    add('--cfg-options', nargs='+', action=DictAction, help='of both configs')
    run_tool(parser, write_figures, argv)


def write_figures(
    config: str,
    checkpoint: str,
    images: Sequence[str],
    *,
    out: Path,
    compare: Sequence[str] | None,
    device: str,
    cfg_options: dict[str, Any] | None,
    **options: Any,
) -> None:
    """Write the figures as ``<image>_<figure>.png`` and print the files."""
    load = partial(FigureModel, options=cfg_options, device=device)
    model = load(config, checkpoint)
    other = None if compare is None else load(*compare)
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
