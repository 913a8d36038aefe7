"""Write predictions image by image: COCO's panoptic format, pictures, tables, slots."""

import csv
import json
from collections.abc import Iterator, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmdet.structures import DetDataSample

from mmpisr.datasets.segment_png import segment_extents
from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.panoptic_results import PanopticResultWriter
from mmpisr.evaluation.predicted_image import PredictedImage
from mmpisr.evaluation.reweighting import RelationCall
from mmpisr.files import write_atomically
from mmpisr.json_lines import JsonLines
from mmpisr.visualization import draw_panoptic

from .image_source import NamedImage

CLASS_COLUMNS = 'class', 'kind', 'segments', 'pixels', 'percent'
INSTANCE_COLUMNS = 'id', 'class', 'score', 'pixels', 'left', 'top', 'width', 'height'


class InstanceSlots(NamedTuple):
    """What a relation was given of one image, without padding, and its scores."""

    heatmaps: np.ndarray
    """Instance slots, best first, in [0, 1], at the features' stride, ``(K, h, w)``."""
    filled: np.ndarray
    """False = empty slot, ``(K,)`` bool."""
    scores: np.ndarray
    """Reweighting scores of the slots, NaN if the relation has none, ``(K,)``."""
    class_scores: np.ndarray
    """Those of the N rows of S, NaN if it has none, ``(N,)``."""

    @classmethod
    def of(cls, call: RelationCall, index: int) -> 'InstanceSlots':
        """Read the slots of an image of a batch."""
        heatmaps = call.heatmaps_of(index).float().cpu().numpy()
        scores = np.full(call.num_classes + len(heatmaps), np.nan, np.float32)
        if call.scores is not None:
            scores = call.scores[index].detach().float().cpu().numpy()
        filled = np.ones(len(heatmaps), dtype=bool)
        if call.valid is not None:
            filled = call.valid[index].bool().cpu().numpy()
        classes, slots = np.split(scores, [call.num_classes])
        return cls(heatmaps, filled, slots, classes)


class PanopticPrediction(NamedTuple):
    """The prediction of one image."""

    source: NamedImage
    """The image and the name of its results."""
    image: np.ndarray
    """RGB uint8 as it was read, ``(H, W, 3)``."""
    sample: DetDataSample
    """With ``pred_panoptic_seg`` in mmdet's encoding, ``(1, H, W)``."""
    slots: InstanceSlots | None = None

    @property
    def panoptic(self) -> np.ndarray:
        """Panoptic map, ``label + 1000 * instance``, N = void, ``(H, W)``."""
        return self.sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()


class PredictionFolder:
    """A folder of results that is filled image by image; nothing stays in memory.

    - ``predictions.panoptic/NAME.png`` and ``predictions.panoptic.json``: the panoptic
      maps, also a dataset in COCO's format. The json is written on exit, of all images
      that were written, even if an error ends the block.
    - ``overlay/NAME.jpg``: the segments over the image.
    - ``classes/NAME.csv`` and ``instances/NAME.csv``: tables of the segments.
    - ``slots/NAME.npz``: arrays of :class:`InstanceSlots`, if a prediction has them.

    Args:
        folder: Results that it has of other images stay, but not in the json.
        meta: ``classes``, ``thing_classes`` and, if there is one, ``palette``.
        overlay: Whether to draw.
        tables: Whether to write the tables.
    """

    def __init__(
        self,
        folder: str | Path,
        meta: Mapping[str, Any],
        *,
        overlay: bool = True,
        tables: bool = True,
    ) -> None:
        self.folder, self.meta = Path(folder), meta
        self.overlay, self.tables = overlay, tables
        self._table = CategoryTable(meta)
        self._writer = PanopticResultWriter(str(self.folder / 'predictions'))
        self._journal = JsonLines(self.folder / 'predictions.partial.jsonl')

    def __enter__(self) -> 'PredictionFolder':
        """Begin with an empty list of images."""
        self._journal.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        """Write the json of all images."""
        self._writer.finish(
            self._journalled('annotation'),
            images=self._journalled('image'),
            categories=self._table.categories,
        )
        self._journal.path.unlink(missing_ok=True)

    def write(self, prediction: PanopticPrediction) -> None:
        """Write the results of one image.

        Raises:
            OSError: The disk is full; names the file.
        """
        name, source = prediction.source
        pred = PredictedImage(prediction.sample.to_dict(), self._table)
        if self.overlay:
            picture = draw_panoptic(prediction.image, prediction.panoptic, self.meta)
            self._write('overlay', name, _encoded(picture))
        rows = segment_rows(pred, segment_scores(prediction.sample, self.meta))
        if self.tables:
            self._write('classes', name, class_csv(rows, pred.panoptic.size))
            self._write('instances', name, instance_csv(rows))
        if prediction.slots is not None:
            buffer = BytesIO()
            np.savez_compressed(buffer, **prediction.slots._asdict())
            self._write('slots', name, buffer.getvalue())
        annotation = self._writer.write(pred, img_id=name, file_name=f'{name}.png')
        for segment, row in zip(annotation['segments_info'], rows, strict=True):
            segment.update(bbox=row['box'], iscrowd=0)
        height, width = pred.panoptic.shape
        file_name = source if isinstance(source, str) else name
        image = dict(id=name, file_name=file_name, height=height, width=width)
        self._journal.append(dict(image=image, annotation=annotation))

    def _journalled(self, field: str) -> Iterator[dict]:
        return (json.loads(line)[field] for _, line in self._journal)

    def _write(self, kind: str, name: str, content: bytes | str) -> None:
        suffix = dict(overlay='jpg', slots='npz').get(kind, 'csv')
        write_atomically(self.folder / kind / f'{name}.{suffix}', content)


def segment_scores(
    sample: DetDataSample, meta: Mapping[str, Any]
) -> dict[int, float] | None:
    """Score of each thing segment by its value in the panoptic map.

    None if the model has no scores of segments: mmdet's fusion heads drop them.
    """
    fields = sample.to_dict()
    listed = 'segments' in (fields.get('pred_instances') or {})
    if not listed and 'scores' not in (fields.get('pred_sem_seg') or {}):
        return None
    if not listed:
        fields.pop('pred_instances', None)  # masks that overlap are no segments
    found = PredictedImage(fields, CategoryTable(meta)).instances
    assert found.segments is not None
    return dict(zip(found.segments.tolist(), found.scores.tolist(), strict=True))


def segment_rows(
    pred: PredictedImage, scores: Mapping[int, float] | None
) -> list[dict[str, Any]]:
    """Describe the segments of a prediction, in the order of ``segments_info``."""
    ids, segments = pred.segment_ids
    boxes = dict(zip(*(a.tolist() for a in segment_extents(ids)[::2]), strict=True))
    return [
        dict(
            id=segment['id'],
            name=pred.table.names[segment['category_id']],
            is_thing=bool(segment['isthing']),
            score=(scores or {}).get(segment['id']),
            pixels=segment['area'],
            box=boxes[segment['id']],
        )
        for segment in segments
    ]


def class_csv(rows: list[dict[str, Any]], size: int) -> str:
    """Format the table of the classes of an image of ``size`` pixels, largest first."""
    void = size - sum(row['pixels'] for row in rows)
    counts: dict[tuple[str, str], list[int]] = {('void', ''): [0, void]}
    for row in rows:
        kind = 'thing' if row['is_thing'] else 'stuff'
        total = counts.setdefault((row['name'], kind), [0, 0])
        total[0] += 1
        total[1] += row['pixels']
    lines = [
        [*of_class, segments, pixels, f'{100 * pixels / size:.2f}']
        for of_class, (segments, pixels) in counts.items()
        if pixels
    ]
    return _csv(CLASS_COLUMNS, sorted(lines, key=lambda line: -line[3]))


def instance_csv(rows: list[dict[str, Any]]) -> str:
    """Format the table of the things, best first; a score that is not known is empty.

    Boxes are in pixels; ``id`` is that in the png.
    """
    things = [row for row in rows if row['is_thing']]
    things.sort(key=lambda row: (-(row['score'] or 0), -row['pixels']))
    lines = []
    for row in things:
        score = '' if row['score'] is None else f'{row["score"]:.4f}'
        lines.append([row['id'], row['name'], score, row['pixels'], *row['box']])
    return _csv(INSTANCE_COLUMNS, lines)


def _csv(columns: tuple[str, ...], lines: list[list]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerows([columns, *lines])
    return text.getvalue()


def _encoded(picture: np.ndarray) -> bytes:
    """RGB uint8 as a jpeg."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    return cv2.imencode('.jpg', bgr)[1].tobytes()
