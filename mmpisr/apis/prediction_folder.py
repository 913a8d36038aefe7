"""Write predictions image by image: COCO's panoptic format, pictures, tables, slots."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
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
        classes, slots = np.split(scores, [call.num_classes])
        return cls(heatmaps, call.filled(index).cpu().numpy(), slots, classes)


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
    - ``slots/NAME.npz``: arrays of :class:`InstanceSlots`.

    Args:
        folder: Results that it has of other images stay, but not in the json.
        meta: ``classes``, ``thing_classes`` and, if there is one, ``palette``.
        overlay: Whether to draw.
        tables: Whether to write the tables.
        slots: Whether to write the slots.
    """

    def __init__(
        self,
        folder: str | Path,
        meta: Mapping[str, Any],
        *,
        overlay: bool = True,
        tables: bool = True,
        slots: bool = False,
    ) -> None:
        self.folder, self.meta = Path(folder), meta
        self.overlay, self.tables, self.slots = overlay, tables, slots
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
            ValueError: It has no slots, but they are to be written.
            OSError: The disk is full; names the file.
        """
        name = prediction.source.name
        pred = PredictedImage(prediction.sample.to_dict(), self._table)
        annotation = self._writer.write(pred, img_id=name, file_name=f'{name}.png')
        values, _, boxes = segment_extents(pred.segment_ids[0])
        box_of = dict(zip(values.tolist(), boxes.tolist(), strict=True))
        segments = annotation['segments_info']
        for segment in segments:
            segment.update(bbox=box_of[segment['id']], iscrowd=0)
        if self.overlay:
            picture = draw_panoptic(prediction.image, prediction.panoptic, self.meta)
            bgr = np.ascontiguousarray(picture[..., ::-1])
            self._write(f'overlay/{name}.jpg', cv2.imencode('.jpg', bgr)[1].tobytes())
        if self.tables:
            names, scores = self._table.names, segment_scores(pred)
            table = class_rows(segments, names, pred.panoptic.size)
            self._write(f'classes/{name}.csv', _csv(CLASS_COLUMNS, table))
            table = instance_rows(segments, names, scores)
            self._write(f'instances/{name}.csv', _csv(INSTANCE_COLUMNS, table))
        if self.slots:
            self._write(f'slots/{name}.npz', _npz(name, prediction.slots))
        height, width = pred.panoptic.shape
        place = prediction.source.place
        image = dict(id=name, file_name=place, height=height, width=width)
        self._journal.append(dict(image=image, annotation=annotation))

    def _journalled(self, field: str) -> Iterator[dict]:
        return (json.loads(line)[field] for _, line in self._journal)

    def _write(self, name: str, content: bytes | str) -> None:
        write_atomically(self.folder / name, content)


def slots_of_batch(
    calls: Mapping[str, list[RelationCall]], count: int
) -> list[InstanceSlots | None]:
    """Slots of each image of the batch before; clears the calls.

    None where a model has no relation, or several.
    """
    found = [call for of_relation in calls.values() for call in of_relation]
    for of_relation in calls.values():
        of_relation.clear()
    if len(found) != 1:
        return [None] * count
    return [InstanceSlots.of(found[0], index) for index in range(count)]


def segment_scores(pred: PredictedImage) -> dict[int, float]:
    """Score of each thing segment by its id; none if the model gives no scores.

    mmdet's fusion heads drop the scores of segments.
    """
    instances, probs = (
        pred.sample.get(f'pred_{k}', {}) for k in ('instances', 'sem_seg')
    )
    if 'segments' not in instances and ('masks' in instances or 'scores' not in probs):
        return {}  # masks may overlap, so they are no segments
    found = pred.instances
    assert found.segments is not None
    return dict(zip(found.segments.tolist(), found.scores.tolist(), strict=True))


def class_rows(
    segments: Sequence[Mapping], names: Sequence[str], size: int
) -> list[list]:
    """Rows of the table of classes, of an image of ``size`` pixels, largest first."""
    counts = {('void', ''): [0, size - sum(segment['area'] for segment in segments)]}
    for segment in segments:
        kind = 'thing' if segment['isthing'] else 'stuff'
        count = counts.setdefault((names[segment['category_id']], kind), [0, 0])
        count[0] += 1
        count[1] += segment['area']
    rows = [[*key, *n, f'{100 * n[1] / size:.2f}'] for key, n in counts.items() if n[1]]
    return sorted(rows, key=lambda row: -row[3])


def instance_rows(
    segments: Sequence[Mapping], names: Sequence[str], scores: Mapping[int, float]
) -> list[list]:
    """Rows of the table of things, best first; ids are those in the png."""
    things = [segment for segment in segments if segment['isthing']]
    things.sort(key=lambda thing: (-scores.get(thing['id'], 0), -thing['area']))
    return [
        [
            thing['id'],
            names[thing['category_id']],
            f'{scores[thing["id"]]:.4f}' if thing['id'] in scores else '',
            thing['area'],
            *thing['bbox'],
        ]
        for thing in things
    ]


def _csv(columns: Sequence[str], rows: Sequence[Sequence]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator='\n').writerows([columns, *rows])
    return text.getvalue()


def _npz(name: str, slots: InstanceSlots | None) -> bytes:
    if slots is None:
        raise ValueError(
            f'{name} has no slots: they need a model with one relation (mmpisr '
            'add-relation adds one to a config) and an image that is not cut into tiles'
        )
    buffer = BytesIO()
    np.savez_compressed(buffer, **slots._asdict())
    return buffer.getvalue()
