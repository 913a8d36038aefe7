"""Read the truth pngs of Cityscapes as segments, without a pass per segment."""

import numpy as np

from mmpisr.datasets.cityscapes_labels import IGNORED, INSTANCE_OFFSET, TABLE

from .label_files import read_label_values, refuse_other_size

NOT_DRAWN = 255  # -1 (license plate) as a byte, in pngs of some tools

_INSTANCES = np.arange(2**16)
_LABEL_OF = np.where(
    _INSTANCES < INSTANCE_OFFSET, _INSTANCES, _INSTANCES // INSTANCE_OFFSET
)
_LABEL_BYTE_OF = _LABEL_OF.astype(np.uint8)
_SEGMENT_OF = np.where(
    np.isin(_LABEL_OF, [c.label_id for c in TABLE]), _INSTANCES, 0
).astype(np.int32)
_CLASS_OF = {c.label_id: c for c in TABLE}


def read_segments(
    instance_ids: str, label_ids: str | None, *, train_ids: bool
) -> tuple[np.ndarray, list[dict]]:
    """Read one truth; segments are named as cityscapesScripts names them.

    Args:
        instance_ids: Path of the png; ids are label ids, from 1000 on with a number.
        label_ids: Path of the png that must agree, if there is one.
        train_ids: Return train ids as ``category_id``.

    Returns:
        As ``ImageJob.segments`` returns them. A thing without number is a crowd.

    Raises:
        ValueError: A png is damaged, has an unknown label, or they disagree.
    """
    instances = read_label_values(instance_ids)
    if label_ids is not None:
        _refuse_other_labels(
            instance_ids, instances, label_ids, read_label_values(label_ids)
        )
    values = np.flatnonzero(np.bincount(instances.ravel(), minlength=2**16))
    infos = []
    for value in values.tolist():
        label = int(_LABEL_OF[value])
        if label not in _CLASS_OF and label not in IGNORED:
            raise ValueError(f'{instance_ids}: value {value} has unknown label {label}')
        if label in _CLASS_OF:
            known = _CLASS_OF[label]
            number = known.train_id if train_ids else label
            is_crowd = int(known.is_thing and value < INSTANCE_OFFSET)
            infos.append(dict(id=value, category_id=number, iscrowd=is_crowd))
    return _SEGMENT_OF.take(instances), infos


def _refuse_other_labels(
    instance_path: str, instances: np.ndarray, label_path: str, labels: np.ndarray
) -> None:
    """Check that both pngs give every pixel the same label."""
    refuse_other_size(label_path, labels.shape, instance_path, instances.shape)
    differs = (_LABEL_BYTE_OF.take(instances) != labels) & (labels != NOT_DRAWN)
    if differs.any():
        y, x = (int(i[0]) for i in np.nonzero(differs))
        value = int(instances[y, x])
        raise ValueError(
            f'{label_path}: label {int(labels[y, x])} at (y, x) = ({y}, {x}), but '
            f'{instance_path} has {value} there, label {int(_LABEL_OF[value])}; '
            f'{int(differs.sum())} pixels differ'
        )
