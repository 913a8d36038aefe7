"""How Cityscapes names its frames and numbers its labels."""

import re
from collections.abc import Mapping
from pathlib import Path

from mmpisr.datasets.cityscapes_labels import TABLE

FRAME = re.compile(r'([^_/]+_\d{6}_\d{6})(?:_.*)?')


def frame_of(file_name: str) -> str:
    """Find the frame in a file's name: ``<city>_123456_123456``.

    Raises:
        ValueError: The name does not begin with one.
    """
    found = FRAME.fullmatch(Path(file_name).stem)
    if found is None:
        raise ValueError(
            f'images[].file_name {file_name!r} does not begin with '
            '<city>_123456_123456, as every frame of Cityscapes does'
        )
    return found.group(1)


def label_categories(meta: Mapping) -> list[dict]:
    """Categories of a dataset with Cityscapes' official label ids.

    A class that the dataset has merged has the id of its first member.

    Args:
        meta: ``classes`` and ``thing_classes``; ``label_ids``, one a class, where the
            names are not Cityscapes' own.

    Raises:
        ValueError: Names the classes that have no label id, or the counts that differ.
    """
    classes = meta['classes']
    given = meta.get('label_ids')
    if given is not None and len(given) != len(classes):
        raise ValueError(
            f"dataset_meta['label_ids'] has {len(given)} ids for {len(classes)} classes"
        )
    official = {label.name: label.label_id for label in TABLE}
    members = meta.get('class_members', {})
    first = {name: members.get(name, [name])[0] for name in classes}
    unknown = [n for n in classes if given is None and first[n] not in official]
    if unknown:
        raise ValueError(
            f"the dataset's classes {unknown} have no label id of Cityscapes, and its "
            f"metainfo has no 'label_ids'; known are {[*official]}"
        )
    ids = given if given is not None else [official[first[n]] for n in classes]
    things = set(meta['thing_classes'])
    return [
        dict(id=int(number), name=name, isthing=int(name in things))
        for number, name in zip(ids, classes, strict=True)
    ]
