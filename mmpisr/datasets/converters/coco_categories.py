"""COCO's 133 panoptic categories, to compare a json with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

NUM_THINGS = 80
THING_IDS = sorted(set(range(1, 91)) - {12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
STUFF_IDS = sorted(
    {92, 93, 95, 100, 107, 109, 112, 118, 119, 122, 125, 128, 130, 133, 138, 141}
    | {144, 145, 147, 148, 149, 151, 154, 155, 156, 159, 161, 166, 168, 171}
    | (set(range(175, 201)) - {179, 182, 183})
)
FIELDS = ('id', 'name', 'isthing')


def coco_categories() -> list[dict]:
    """Ids, names and ``isthing`` in COCO's order; the names are mmdet's."""
    from mmdet.datasets import CocoPanopticDataset

    names = CocoPanopticDataset.METAINFO['classes']
    ids = [*THING_IDS, *STUFF_IDS]
    return [
        dict(id=number, name=name, isthing=int(number in THING_IDS))
        for number, name in zip(ids, names, strict=True)
    ]


def check_coco_categories(path: Path, categories: Sequence[Mapping]) -> None:
    """Refuse categories that are not COCO's, in COCO's order.

    Raises:
        ValueError: Naming the file, the first position that differs and both values.
    """
    expected = coco_categories()
    for position, (ours, theirs) in enumerate(zip(expected, categories, strict=False)):
        found = {field: theirs.get(field) for field in FIELDS}
        if found != ours:
            raise ValueError(
                f"{path}: categories[{position}] is {found}, COCO's is {ours}; are the "
                'categories out of order?'
            )
    if len(categories) != len(expected):
        raise ValueError(
            f'{path}: {len(categories)} categories, COCO has {len(expected)}: '
            f'{NUM_THINGS} things, then {len(expected) - NUM_THINGS} stuff'
        )
