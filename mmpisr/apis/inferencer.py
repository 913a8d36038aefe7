"""Predict panoptic maps of any pictures with a trained model."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmdet.apis import DetInferencer
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DATASETS
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from mmengine.structures import PixelData
from mmengine.utils import ProgressBar
from torch import nn

from mmpisr.class_lists import check_class_counts, class_difference
from mmpisr.datasets.image_file import SHOWN
from mmpisr.datasets.pipeline_checks import innermost_datasets
from mmpisr.datasets.transforms.load_image import LoadImage, use_load_image
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.engine.layer_fit import refuse_misfits
from mmpisr.engine.relation_recorder import RelationRecorder
from mmpisr.families.add import read_config
from mmpisr.visualization.examined_image import ExaminedImage

from .image_source import Inputs, NamedImage, open_source
from .prediction_folder import (
    InstanceSlots,
    PanopticPrediction,
    PredictionFolder,
    slots_of_batch,
)
from .tiles import TileGrid, join_maps

NEEDED_META = 'classes', 'thing_classes', 'palette'


def report_skipped(item: NamedImage, reason: Exception) -> None:
    """Print why an image is left out."""
    text = str(reason) or type(reason).__name__
    text = text if item.place in text else f'{item.place}: {text}'
    print(f'\nskipped: {text}', file=sys.stderr)


class SavedPredictions(NamedTuple):
    """What :meth:`PanopticInferencer.save` has done."""

    written: int
    """Images whose results were written."""
    skipped: list[str]
    """Images that could not be read."""


class PanopticInferencer(DetInferencer):
    """mmdet's inferencer for panoptic models, which streams.

    Images are read as in training and testing (EXIF orientation, more than 8 bits), and
    only the current batch is in memory. Classes are those of the checkpoint, or of the
    config's test dataset where the checkpoint lists none.

    Args:
        model: A config, its path, or its name in a package (``mmpisr::...``).
        weights: Checkpoint that was trained with it.
        device: ``'cpu'``, ``'cuda'``, ...; the best one by default.
        trust_checkpoint: Load a checkpoint that holds more than weights.

    Attributes:
        frame: How images with an EXIF orientation are turned, ``stored`` or ``shown``.

    Raises:
        FileNotFoundError: Config or checkpoint does not exist.
        ValueError: The checkpoint is damaged, not to be trusted, or does not fit the
            model, or its classes are not known.
    """

    def __init__(
        self,
        model: Config | str | Path,
        weights: str | Path,
        *,
        device: str | None = None,
        trust_checkpoint: bool = False,
    ) -> None:
        cfg = read_config(model)
        self._weights = str(weights)
        with checkpoint_trust(trust_checkpoint):
            super().__init__(
                model=cfg,
                weights=self._weights,
                device=device,
                scope=cfg.get('default_scope', 'mmdet'),
            )

    def __call__(  # type: ignore[override]
        self,
        inputs: Inputs,
        *,
        batch_size: int = 1,
        tile: int | None = None,
        overlap: int = 128,
        on_skip: Callable[[NamedImage, Exception], None] = report_skipped,
    ) -> Iterator[PanopticPrediction]:
        """Yield the prediction of each image when it is made.

        Args:
            inputs: See :func:`~mmpisr.apis.image_source.open_source`; arrays are BGR.
            batch_size: Images (or tiles) that are predicted together.
            tile: Predict images that are longer in tiles of this side, pixels.
            overlap: Overlap of neighbouring tiles, pixels.
            on_skip: Called with each image that cannot be read.

        Raises:
            FileNotFoundError: An input does not exist or holds no image.
            ValueError: A number is too small, or the overlap too large for the tile.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size is {batch_size}; it must be at least 1')
        if tile is not None:
            TileGrid((tile, tile), tile, overlap)  # checks both
        loaded = self._loaded(open_source(inputs).images, on_skip)
        with closing(RelationRecorder(self.model)) as recorder:
            while batch := list(islice(loaded, 1 if tile else batch_size)):
                size = batch[0][1]['img'].shape[:2]
                if tile is not None and max(size) > tile:
                    grid = TileGrid(size, tile, overlap)
                    samples = [self._predict_tiled(batch[0][1], grid, batch_size)]
                    slots: Sequence[InstanceSlots | None] = [None]
                else:
                    samples = self._predict([image for _, image in batch])
                    slots = slots_of_batch(recorder.calls, len(batch))
                for (item, image), *found in zip(batch, samples, slots, strict=True):
                    picture = image['img'][..., ::-1].astype(np.uint8)
                    yield PanopticPrediction(item, picture, *found)

    def save(
        self,
        inputs: Inputs,
        out_dir: str | Path,
        *,
        overlay: bool = True,
        tables: bool = True,
        slots: bool = False,
        **options: Any,
    ) -> SavedPredictions:
        """Write the results of each image as it is predicted, with a progress bar.

        Args:
            inputs: As above; ``out_dir`` is not searched for images.
            out_dir: See :class:`~mmpisr.apis.prediction_folder.PredictionFolder`.
            overlay: Write the segments drawn over the image.
            tables: Write the tables of classes and instances.
            slots: Write the instance slots of the relation.
            options: ``batch_size``, ``tile`` and ``overlap``, as above.

        Raises:
            FileNotFoundError: As above.
            ValueError: As above; or there are no slots to write.
            OSError: The disk is full; names the file.
        """
        source = open_source(inputs, exclude=[out_dir])
        bar = ProgressBar(source.total, file=sys.stderr)
        skipped: list[str] = []

        def skip(item: NamedImage, reason: Exception) -> None:
            skipped.append(item.place)
            report_skipped(item, reason)
            bar.update()

        meta = self.model.dataset_meta
        with PredictionFolder(
            out_dir, meta, overlay=overlay, tables=tables, slots=slots
        ) as folder:
            for prediction in self(source, on_skip=skip, **options):
                folder.write(prediction)
                bar.update()
        print(file=sys.stderr)
        return SavedPredictions(bar.completed - len(skipped), skipped)

    def examine(self, image: str | Path | np.ndarray) -> ExaminedImage:
        """Predict an image, and keep what the relation reads and changes.

        Args:
            image: Path or address; or BGR ``(H, W, 3)``.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is no image.
        """
        image = str(image) if isinstance(image, Path) else image
        loaded = self._load(NamedImage('image', image))
        picture = loaded['img'][..., ::-1].astype(np.uint8)
        batch = self.collate_fn([self.pipeline(loaded)])
        return ExaminedImage(self.model, batch, self.model.dataset_meta, picture)

    def _loaded(
        self, items: Iterable[NamedImage], on_skip: Callable
    ) -> Iterator[tuple[NamedImage, dict]]:
        """Images as the pipeline's loader gives them."""
        for item in items:
            try:
                results = self._load(item)
            except (ValueError, OSError, KeyError, cv2.error) as reason:
                on_skip(item, reason)
            else:
                yield item, results

    def _load(self, item: NamedImage) -> dict:
        if isinstance(item.image, str):
            path = dict(img_path=item.image, orientation=self.frame)
            return self.loader.transform(path)  # type: ignore[return-value]
        image = item.image
        if image.ndim == 2:
            image = np.dstack([image] * 3)
        if image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f'its shape is {image.shape}, not (H, W, 3) BGR or (H, W)')
        return _results_of(self.loader.scale(image))

    def _predict(self, images: Sequence[Mapping[str, Any]]) -> list[DetDataSample]:
        batch = [self.pipeline(dict(image)) for image in images]
        return self.forward(self.collate_fn(batch))

    def _predict_tiled(
        self, image: Mapping[str, Any], grid: TileGrid, batch_size: int
    ) -> DetDataSample:
        tiles = (_results_of(image['img'][window]) for window in grid.windows)
        maps: list[np.ndarray] = []
        while batch := list(islice(tiles, batch_size)):
            for sample in self._predict(batch):
                panoptic = sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()
                maps.append(panoptic.astype(np.int32))
        meta = {key: value for key, value in image.items() if key != 'img'}
        joined = torch.from_numpy(join_maps(maps, grid))[None]  # (1, H, W)
        pred = PixelData(sem_seg=joined)
        return DetDataSample(metainfo=meta, pred_panoptic_seg=pred)

    def _load_weights_to_model(
        self, model: nn.Module, checkpoint: dict | None, cfg: Config | None
    ) -> None:
        """Load weights that fit, and the classes they were trained on."""
        assert checkpoint is not None
        assert cfg is not None
        meta = known_classes(checkpoint, cfg, self._weights)
        check_class_counts(model, meta)
        refuse_misfits(model, checkpoint, self._weights)
        _load_checkpoint_to_model(model, checkpoint)
        model.dataset_meta = meta  # type: ignore[assignment]

    def _init_pipeline(self, cfg: Config) -> Compose:
        """Build the test pipeline; its loader is kept apart."""
        dataset = _test_dataset(cfg)
        first, *steps = use_load_image(Compose(dataset.pipeline).transforms)
        if not isinstance(first, LoadImage):
            raise ValueError(
                f'{cfg.filename}: the test pipeline begins with '
                f'{type(first).__name__}; it must begin with LoadImageFromFile'
            )
        first.ignore_empty = False
        self.loader = first
        self.frame = dataset.get('orientation') or first.stated_frame or SHOWN
        return Compose(steps)

    def _init_collate(self, cfg: Config) -> Callable:
        """As upstream, without a warning where the config names no function."""
        named = 'collate_fn' in cfg.test_dataloader
        return super()._init_collate(cfg) if named else pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        """Build none: its backends (TensorBoard, ...) are for training."""


def known_classes(checkpoint: Mapping, cfg: Config, file: str) -> dict[str, Any]:
    """Classes, kinds and palette of a checkpoint, completed from the config's dataset.

    Raises:
        ValueError: Neither of them has the classes, or the kinds of the classes.
    """
    meta = checkpoint.get('meta') or {}
    found = meta.get('dataset_meta') or {k: meta[k] for k in ['CLASSES'] if k in meta}
    found = found[0] if isinstance(found, list) else found  # of a ConcatDataset
    known = {key.lower(): value for key, value in found.items()}
    if not set(NEEDED_META) <= set(known):
        settings = {**_test_dataset(cfg), 'lazy_init': True}
        of_data = DATASETS.build(settings).metainfo
        if class_difference(file, known, 'the dataset', of_data) is None:
            known = {**of_data, **known}
    missing = [key for key in NEEDED_META[:2] if key not in known]
    if missing:
        raise ValueError(
            f"{file} has no {' and '.join(missing)} in meta['dataset_meta'], and the "
            f'test dataset of {cfg.filename} does not have them either; give it '
            'metainfo=dict(classes=..., thing_classes=..., stuff_classes=...)'
        )
    return known


def _test_dataset(cfg: Config) -> Any:
    if not cfg.get('test_dataloader'):
        raise ValueError(
            f'{cfg.filename} has no test_dataloader, whose pipeline reads the images'
        )
    return innermost_datasets(cfg.test_dataloader.dataset)[0]


def _results_of(image: np.ndarray) -> dict[str, Any]:
    """Results of a loader for an image without a file."""
    shape = image.shape[:2]
    return dict(img=image, img_path=None, img_shape=shape, ori_shape=shape)
