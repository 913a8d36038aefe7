"""Per-image arrays of additive measures: saved, read, and compared image by image."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmpisr.files import write_atomically

from .category_table import CategoryTable
from .measures.iou import InstanceWeightedIoU, MeanIoU
from .measures.measure import AdditiveMeasure
from .measures.panoptic_quality import PanopticQuality
from .measures.relation_accuracy import RelationAccuracy
from .resampling import Difference, compare_pairs

NEEDED = ('image_ids', 'categories', 'instance_areas')
FIELDS = (*NEEDED, 'relations')  # older files lack the last


class ScoreTable(NamedTuple):
    """Per-image statistics of one evaluation.

    Attributes:
        image_ids: Numbers or strings, I of them.
        categories: Dicts with ``name`` and ``isthing``, C of them.
        instance_areas: Average sizes of instances that iIoU uses; ``None`` = those of
            the evaluated truth.
        records: Array of all images by measure, ``(I, C, K)``.
        relations: The relations that ``RelationAccuracy`` has measured, if it has.
    """

    image_ids: Sequence[Any]
    categories: Sequence[Mapping]
    instance_areas: Mapping[str, float] | None
    records: Mapping[str, np.ndarray]
    relations: Sequence[Mapping[str, str]] = ()

    def measures(self) -> dict[str, AdditiveMeasure]:
        """The measures that have records, by name."""
        names = [category['name'] for category in self.categories]
        table = CategoryTable(dict(classes=names), [dict(c) for c in self.categories])
        known: list[AdditiveMeasure] = [
            PanopticQuality(table),
            MeanIoU(len(table)),
            InstanceWeightedIoU(table, self.instance_areas),
            RelationAccuracy(table, self.relations),
        ]
        return {m.name: m for m in known if m.name in self.records}

    def save(self, path: str | Path) -> None:
        """Write an npz, whole or not at all.

        Raises:
            OSError: The disk is full; names the file.
        """
        texts = {
            field: np.array(json.dumps(getattr(self, field), default=_plain))
            for field in FIELDS
        }
        arrays: dict[str, Any] = {**texts, **self.records}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        write_atomically(path, buffer.getvalue())


def load_score_table(path: str | Path) -> ScoreTable:
    """Read what ``PanopticMetric(scores_file=...)`` has written.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is truncated or something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: this file of scores does not exist')
    try:
        with np.load(path, allow_pickle=False) as content:
            arrays = dict(content)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f'{path}: no complete npz of scores, is it truncated? ({error})'
        ) from error
    missing = [field for field in NEEDED if field not in arrays]
    if missing:
        raise ValueError(
            f'{path}: an npz without {missing}, only {[*arrays]}; it was not written '
            "by PanopticMetric's scores_file"
        )
    texts = {f: json.loads(str(arrays.pop(f))) for f in FIELDS if f in arrays}
    return ScoreTable(**texts, records=arrays)


def compare_tables(
    first: ScoreTable,
    second: ScoreTable,
    *,
    names: tuple[str, str],
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compare all additive measures of two results; images pair up by id.

    Args:
        first: One result.
        second: The other; its images may have another order.
        names: Their files, for messages.
        resamples: Draws of the bootstrap and of the permutation test.
        seed: Of the random generator.

    Returns:
        A comparison per result key.

    Raises:
        ValueError: They differ in images, categories or measures, or there are no
            images.
    """
    _check_settings(first, second, names)
    order = _pairs(first, second, names)
    found: dict[str, Difference] = {}
    for name, measure in first.measures().items():
        found |= compare_pairs(
            measure,
            first.records[name],
            second.records[name][order],
            resamples=resamples,
            seed=seed,
        )
    return found


def _check_settings(first: ScoreTable, second: ScoreTable, names: tuple) -> None:
    """Refuse results of other categories or measures, or measured in another way."""
    tables = first, second
    kinds = zip_longest(*(map(_kind, table.categories) for table in tables))
    for field, ours, theirs in (
        ('measures', *(sorted(t.records) for t in tables)),
        *(('categories (name, is thing)', *pair) for pair in kinds),
        ("'instance_areas', which iIoU needs", *(t.instance_areas for t in tables)),
        ("'relations', which relation_acc needs", *(t.relations for t in tables)),
    ):
        if ours != theirs:
            raise ValueError(
                f'{names[0]} and {names[1]} differ in {field}: {ours} and {theirs}; '
                'evaluate both with the same options'
            )


def _kind(category: Mapping) -> tuple[str, bool]:
    return category['name'], bool(category['isthing'])


def _pairs(first: ScoreTable, second: ScoreTable, names: tuple) -> np.ndarray:
    """For each image of the first its place in the second, ``(I,)``."""
    for table, name in zip((first, second), names, strict=True):
        doubled = len(table.image_ids) - len({*table.image_ids})
        if doubled:
            raise ValueError(f'{name}: {doubled} image ids occur more than once')
    ours, theirs = {*first.image_ids}, {*second.image_ids}
    if ours != theirs:
        alone = [sorted(a - b, key=str) for a, b in ((ours, theirs), (theirs, ours))]
        raise ValueError(
            f'{names[0]} and {names[1]} differ in images: {len(alone[0])} are only in '
            f'the first (such as {alone[0][:3]}), {len(alone[1])} only in the second '
            f'(such as {alone[1][:3]})'
        )
    if not ours:
        raise ValueError(f'{names[0]} and {names[1]} have no images')
    place = {image_id: i for i, image_id in enumerate(second.image_ids)}
    return np.array([place[image_id] for image_id in first.image_ids])


def _plain(value: Any) -> Any:
    """Convert a number of numpy or a tensor for json."""
    return value.item()
