"""Make the paper's figures of images from trained models: ``mmpisr figures``."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import DictAction
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.engine.relation_pictures import (
    Predicted,
    center_picture,
    class_picture,
    pixel_picture,
    slot_picture,
)
from mmpisr.files import write_atomically
from mmpisr.models.relations import BaseRelation
from mmpisr.output_names import distinct_names
from mmpisr.registry import DATASETS, MODELS
from mmpisr.visualization import differing_regions, picture_of

from .run_options import load_config


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
        RuntimeError: The checkpoint is of another model; names what differs.
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
        with checkpoint_trust():
            saved = load_checkpoint(self.model, str(checkpoint), 'cpu', strict=True)
        self.model.to(device).eval()
        self._pipeline = Compose(get_test_pipeline_cfg(cfg))
        dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'lazy_init': True})
        self.meta = dataset.metainfo | saved.get('meta', {}).get('dataset_meta', {})

    @property
    def name(self) -> str:
        """Kind of its relation, such as ``PISR``; ``base`` without one."""
        for module in self.model.modules():
            if isinstance(module, BaseRelation):
                return type(module).__name__.removesuffix('Relation')
        return 'base'

    @torch.no_grad()
    def predict(self, image: str | Path) -> Predicted:
        """Predict an image file."""
        batch = pseudo_collate([self._pipeline(dict(img_path=str(image), img_id=0))])
        copies = dict(batch, data_samples=[s.clone() for s in batch['data_samples']])
        sample = self.model.test_step(copies)[0]  # type: ignore[operator]
        return Predicted(self.model, batch, sample)


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
            ``class_picture`` and ``center_picture``.

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
    predicted = model.predict(image)
    models = {model.name: predicted}
    if compare is not None:
        name = compare.name if compare.name not in models else f'{compare.name} (other)'
        models = {name: compare.predict(image), **models}

    yield 'classes', class_picture(predicted, model.meta, classes)
    yield 'slots', slot_picture(predicted)
    if all(hasattr(one.model, 'forward_maps') for one in models.values()):
        first = classes[0] if classes else None
        yield 'centers', center_picture(models, model.meta, first)
    if compare is not None:
        panoptics = {name: one.panoptic for name, one in models.items()}
        picture = picture_of(predicted.sample)
        yield 'differences', differing_regions(picture, panoptics, model.meta)
    if point is not None:
        picture = pixel_picture(predicted, model.meta, point)
        yield f'pixel_{point[0]}_{point[1]}', picture


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``mmpisr figures``: write the figures of images into a folder.

    Args:
        argv: Arguments; None: those of the process.
    """
    parser = argparse.ArgumentParser(
        'mmpisr figures', description='Make the figures of the paper for your images.'
    )
    parser.add_argument('config', help='of a model with a relation')
    parser.add_argument('checkpoint', help="of that config's model")
    parser.add_argument('images', nargs='+', help='image files')
    parser.add_argument('--out', required=True, type=Path, help='folder of the figures')
    parser.add_argument(
        '--compare',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='a second model, such as the base: also draws where predictions differ',
    )
    parser.add_argument(
        '--point',
        type=_point,
        metavar='X,Y',
        help='pixel of the image, from 0,0: also draws what it depends on',
    )
    parser.add_argument(
        '--classes',
        nargs='+',
        help='of the class heatmaps; the first is that of Fig. 5',
    )
    parser.add_argument('--device', default='cpu', help='cpu, cuda:0, ...')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    flags = parser.parse_args(argv)
    try:
        write_figures(**vars(flags))
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f'{parser.prog}: {error}')


def write_figures(
    config: str,
    checkpoint: str,
    images: Sequence[str],
    *,
    out: Path,
    compare: tuple[str, str] | None = None,
    point: tuple[int, int] | None = None,
    classes: Sequence[str] | None = None,
    device: str = 'cpu',
    cfg_options: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write the figures of images, each as ``<image>_<figure>.png``, and print them.

    Args:
        config: Of a model with a relation.
        checkpoint: Of that config's model.
        images: Image files.
        out: Folder, made if it is missing.
        compare: Config and checkpoint of a second model.
        point: See :func:`figures_of`.
        classes: See :func:`figures_of`.
        device: Where the models run.
        cfg_options: ``--cfg-options`` of both.

    Returns:
        The files.

    Raises:
        FileNotFoundError, RuntimeError, ValueError: See :class:`FigureModel` and
            :func:`figures_of`.
    """
    load = partial(FigureModel, options=cfg_options, device=device)
    model = load(config, checkpoint)
    other = None if compare is None else load(*compare)
    names, files = distinct_names(images), []
    for image in images:
        figures = figures_of(model, image, compare=other, point=point, classes=classes)
        for figure, picture in figures:
            files.append(out / f'{names[image]}_{figure}.png')
            png = cv2.imencode('.png', picture[..., ::-1])[1]
            write_atomically(files[-1], png.tobytes())
            print(files[-1])
    return files


def _point(text: str) -> tuple[int, int]:
    """Read ``X,Y``."""
    x, y = map(int, text.split(','))
    return x, y


if __name__ == '__main__':
    main()
