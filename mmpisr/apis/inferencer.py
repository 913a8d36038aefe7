"""Predict panoptic maps of any pictures with a trained model."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmdet.apis import DetInferencer
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DATASETS
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from mmengine.structures import InstanceData, PixelData
from mmengine.utils import ProgressBar
from torch import nn

from mmpisr.class_lists import check_class_counts, class_difference
from mmpisr.datasets.transforms.load_image import LoadImage, use_load_image
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.engine.layer_fit import refuse_misfits
from mmpisr.engine.relation_recorder import RelationRecorder
from mmpisr.families.add import read_config

from .image_source import ImageSource, Inputs, NamedImage, open_source
from .prediction_folder import (
    InstanceSlots,
    PanopticPrediction,
    PredictionFolder,
    segment_scores,
)
from .run_options import innermost_datasets
from .tiles import JoinedMaps, TileGrid, join_maps

NEEDED_META = 'classes', 'thing_classes', 'palette'
Skip = Callable[[NamedImage, Exception], None]


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
        slots: bool = False,
    ) -> Iterator[PanopticPrediction]:
        """Yield the prediction of each image; those that cannot be read are reported.

        Args:
            inputs: See :func:`~mmpisr.apis.image_source.open_source`; arrays are BGR.
            batch_size: Images (or tiles) that are predicted together.
            tile: Predict images that are longer in tiles of this side, pixels.
            overlap: Overlap of neighbouring tiles, pixels.
            slots: Add the K instance slots of the relation.

        Raises:
            FileNotFoundError: An input does not exist or holds no image.
            ValueError: The options do not fit each other, or ``slots`` the model.
        """
        options: dict[str, Any] = dict(
            batch_size=batch_size, tile=tile, overlap=overlap, slots=slots
        )
        return self._stream(open_source(inputs), report_skipped, **options)

    def save(
        self,
        inputs: Inputs,
        out_dir: str | Path,
        *,
        batch_size: int = 1,
        tile: int | None = None,
        overlap: int = 128,
        slots: bool = False,
        overlay: bool = True,
        tables: bool = True,
    ) -> SavedPredictions:
        """Write the results of each image as it is predicted, with a progress bar.

        Args:
            inputs: As above; ``out_dir`` is not searched for images.
            out_dir: See :class:`~mmpisr.apis.prediction_folder.PredictionFolder`.
            batch_size: As above.
            tile: As above.
            overlap: As above.
            slots: As above; written to ``slots/NAME.npz``.
            overlay: Write the segments drawn over the image.
            tables: Write the tables of classes and instances.

        Raises:
            FileNotFoundError: As above.
            ValueError: As above.
            OSError: The disk is full; names the file.
        """
        source = open_source(inputs, exclude=[out_dir])
        bar = ProgressBar(source.total, file=sys.stderr)
        skipped, written = [], 0

        def skip(item: NamedImage, reason: Exception) -> None:
            skipped.append(item.image if isinstance(item.image, str) else item.name)
            report_skipped(item, reason)
            bar.update()

        options: dict[str, Any] = dict(
            batch_size=batch_size, tile=tile, overlap=overlap, slots=slots
        )
        meta = self.model.dataset_meta
        with PredictionFolder(out_dir, meta, overlay=overlay, tables=tables) as folder:
            for prediction in self._stream(source, skip, **options):
                folder.write(prediction)
                written += 1
                bar.update()
        print(file=sys.stderr)
        return SavedPredictions(written, skipped)

    def _stream(
        self,
        source: ImageSource,
        on_skip: Skip,
        *,
        batch_size: int,
        tile: int | None,
        overlap: int,
        slots: bool,
    ) -> Iterator[PanopticPrediction]:
        if batch_size < 1:
            raise ValueError(f'batch_size is {batch_size}; it must be at least 1')
        if tile is not None:
            TileGrid((tile, tile), tile, overlap)  # checks both
            if slots:
                raise ValueError('slots are those of a whole image; leave out tile')
        recorder = self._recorder() if slots else None
        loaded = self._loaded(source.images, on_skip)
        try:
            while batch := list(islice(loaded, 1 if tile else batch_size)):
                items, images = zip(*batch, strict=True)
                height, width = images[0]['img'].shape[:2]
                if tile is not None and max(height, width) > tile:
                    grid = TileGrid((height, width), tile, overlap)
                    samples = [self._predict_tiled(images[0], grid, batch_size)]
                else:
                    samples = self._predict(images)
                found = _slots(recorder, len(samples))
                for item, image, sample, of_image in zip(
                    items, images, samples, found, strict=True
                ):
                    picture = image['img'][..., ::-1].astype(np.uint8)
                    yield PanopticPrediction(item, picture, sample, of_image)
        finally:
            if recorder is not None:
                recorder.close()

    def _loaded(
        self, items: Iterable[NamedImage], on_skip: Skip
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
            path = dict(img_path=item.image, orientation=self._orientation)
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
        maps, scores = [], []
        while batch := list(islice(tiles, batch_size)):
            for sample in self._predict(batch):
                panoptic = sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()
                maps.append(panoptic.astype(np.int32))
                scores.append(segment_scores(sample, self.model.dataset_meta))
        meta = {key: value for key, value in image.items() if key != 'img'}
        return _joined_sample(join_maps(maps, grid), maps, scores, meta)

    def _recorder(self) -> RelationRecorder:
        recorder = RelationRecorder(self.model)
        if len(recorder.calls) != 1:
            raise ValueError(
                f'slots need a model with one relation, this one has '
                f'{len(recorder.calls)}; mmpisr add-relation adds one to a config'
            )
        return recorder

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
        self._orientation = dataset.get('orientation')
        return Compose(steps)

    def _init_collate(self, cfg: Config) -> Callable:
        """As upstream, without a warning where the config names no function."""
        named = 'collate_fn' in cfg.test_dataloader
        return super()._init_collate(cfg) if named else pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        """Build none: its backends (TensorBoard, ...) are for training."""


def report_skipped(item: NamedImage, reason: Exception) -> None:
    """Print why an image is left out."""
    where = item.image if isinstance(item.image, str) else item.name
    text = str(reason)
    text = text if where in text else f'{where}: {text or type(reason).__name__}'
    print(f'\nskipped: {text}', file=sys.stderr)


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


def _joined_sample(
    joined: JoinedMaps,
    maps: Sequence[np.ndarray],
    scores: Sequence[Mapping[int, float] | None],
    meta: Mapping[str, Any],
) -> DetDataSample:
    """A sample like that of an image which was predicted as a whole."""
    sample = DetDataSample(metainfo=meta)
    panoptic = torch.from_numpy(joined.panoptic)[None]  # (1, H, W)
    sample.pred_panoptic_seg = PixelData(sem_seg=panoptic)
    of_tiles = [of_tile for of_tile in scores if of_tile is not None]
    if len(of_tiles) == len(maps):
        means = {}
        for value in set(np.unique(joined.panoptic).tolist()) & {*joined.sources}:
            parts = joined.sources[value]
            areas = [int((maps[tile] == old).sum()) for tile, old in parts]
            found = [of_tiles[tile].get(old, 0.0) for tile, old in parts]
            means[value] = float(np.average(found, weights=areas))
        segments = np.array(sorted(means), dtype=np.int64)
        sample.pred_instances = InstanceData(
            labels=torch.from_numpy(segments % INSTANCE_OFFSET),
            scores=torch.tensor([means[value] for value in sorted(means)]),
            segments=torch.from_numpy(segments),
        )
    return sample


def _slots(
    recorder: RelationRecorder | None, count: int
) -> Sequence[InstanceSlots | None]:
    """Slots of each image of the last batch."""
    if recorder is None:
        return [None] * count
    (calls,) = recorder.calls.values()
    call = calls[-1]
    found = [InstanceSlots.of(call, index) for index in range(count)]
    calls.clear()
    return found
