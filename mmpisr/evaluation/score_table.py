"""What additive measures leave of each image, on disk for later comparison."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmpisr.files import write_atomically

from .category_table import CategoryTable
from .measures import (
    AdditiveMeasure,
    InstanceWeightedIoU,
    MeanIoU,
    PanopticQuality,
    RelationAccuracy,
)

FIELDS = ('image_ids', 'categories', 'instance_areas')
LATER_FIELDS = ('relations',)  # older files lack them


class ScoreTable(NamedTuple):
    """Per-image statistics of one evaluation.

    Attributes:
        image_ids: Numbers or strings, I of them.
        categories: Dicts with ``name`` and ``isthing``, C of them.
        instance_areas: What iIoU takes for the sizes of instances; ``None`` = the
            evaluated truth's own.
        records: Array of all images by measure, ``(I, C, K)``.
        relations: What ``RelationAccuracy`` has measured, if it has.
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
        arrays: dict[str, Any] = {
            field: np.array(json.dumps(getattr(self, field), default=_plain))
            for field in (*FIELDS, *LATER_FIELDS)
        }
        arrays |= self.records
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
    missing = [field for field in FIELDS if field not in arrays]
    if missing:
        raise ValueError(
            f'{path}: an npz without {missing}, only {[*arrays]}; it was not written '
            "by PanopticMetric's scores_file"
        )
    fields = [field for field in (*FIELDS, *LATER_FIELDS) if field in arrays]
    texts = {field: json.loads(str(arrays.pop(field))) for field in fields}
    return ScoreTable(**texts, records=arrays)


def _plain(value: Any) -> Any:
    """Numbers of numpy and tensors as json has them."""
    return value.item()
