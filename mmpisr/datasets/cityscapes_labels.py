"""The classes of Cityscapes, for data, metrics and submissions.

Ids in the truth pngs are *label ids*; *train ids* number the 19 evaluated classes from
0. Labels of a model follow a third order, things first: ``CLASSES``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

INSTANCE_OFFSET = 1000  # instance id = label id * 1000 + number, from 1000 on


class CityscapesClass(NamedTuple):
    """An evaluated class.

    Attributes:
        instance_area: Mean pixels of an instance in the training images, by which iIoU
            weights; of things only.
    """

    name: str
    label_id: int
    train_id: int
    supercategory: str
    color: tuple[int, int, int]
    instance_area: float | None = None

    @property
    def is_thing(self) -> bool:
        """Whether the class has instances."""
        return self.instance_area is not None


TABLE = (  # in the order of the official json
    CityscapesClass('road', 7, 0, 'flat', (128, 64, 128)),
    CityscapesClass('sidewalk', 8, 1, 'flat', (244, 35, 232)),
    CityscapesClass('building', 11, 2, 'construction', (70, 70, 70)),
    CityscapesClass('wall', 12, 3, 'construction', (102, 102, 156)),
    CityscapesClass('fence', 13, 4, 'construction', (190, 153, 153)),
    CityscapesClass('pole', 17, 5, 'object', (153, 153, 153)),
    CityscapesClass('traffic light', 19, 6, 'object', (250, 170, 30)),
    CityscapesClass('traffic sign', 20, 7, 'object', (220, 220, 0)),
    CityscapesClass('vegetation', 21, 8, 'nature', (107, 142, 35)),
    CityscapesClass('terrain', 22, 9, 'nature', (152, 251, 152)),
    CityscapesClass('sky', 23, 10, 'sky', (70, 130, 180)),
    CityscapesClass('person', 24, 11, 'human', (220, 20, 60), 3462.4756337644),
    CityscapesClass('rider', 25, 12, 'human', (255, 0, 0), 3930.4788056518),
    CityscapesClass('car', 26, 13, 'vehicle', (0, 0, 142), 12794.0202738185),
    CityscapesClass('truck', 27, 14, 'vehicle', (0, 0, 70), 27855.1264367816),
    CityscapesClass('bus', 28, 15, 'vehicle', (0, 60, 100), 35732.1511111111),
    CityscapesClass('train', 31, 16, 'vehicle', (0, 80, 100), 67583.7075812274),
    CityscapesClass('motorcycle', 32, 17, 'vehicle', (0, 0, 230), 6298.7200839748),
    CityscapesClass('bicycle', 33, 18, 'vehicle', (119, 11, 32), 4672.3249222261),
)
# Label ids that no evaluation counts; -1 (license plate) is not drawn in truth pngs.
IGNORED = {-1, 0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30}
CLASSES = tuple(sorted(TABLE, key=lambda c: not c.is_thing))  # things first
METAINFO = dict(
    classes=tuple(c.name for c in CLASSES),
    thing_classes=tuple(c.name for c in CLASSES if c.is_thing),
    stuff_classes=tuple(c.name for c in CLASSES if not c.is_thing),
    palette=[c.color for c in CLASSES],
    label_ids=tuple(c.label_id for c in CLASSES),
    instance_areas={c.name: c.instance_area for c in CLASSES if c.is_thing},
)


def official_categories(*, train_ids: bool = False) -> list[dict[str, Any]]:
    """Categories as cityscapesScripts writes them: stuff first, by label id."""
    return [
        dict(
            id=c.train_id if train_ids else c.label_id,
            name=c.name,
            color=c.color,
            supercategory=c.supercategory,
            isthing=int(c.is_thing),
        )
        for c in TABLE
    ]


def has_train_ids(path: str, categories: Sequence[Mapping[str, Any]]) -> bool:
    """Find out which ids the categories of a json have, in any order.

    Args:
        path: The json, for messages.
        categories: With ``id``, ``name`` and ``isthing``.

    Returns:
        True for train ids, False for label ids.

    Raises:
        ValueError: Neither fits all categories; names the first class that differs,
            its id and the expected one.
    """
    as_label, as_train = (
        [*_differences(categories, official_categories(train_ids=train_ids))]
        for train_ids in (False, True)
    )
    train_ids = len(as_train) < len(as_label)
    found = as_train if train_ids else as_label
    if found:
        raise ValueError(
            f'{path}: categories[] must be the {len(TABLE)} of Cityscapes, all with '
            'label ids or all with train ids. Most have '
            f'{"train" if train_ids else "label"} ids, but {len(found)} differ: '
            f'{"; ".join(found[:3])}'
        )
    return train_ids


def things_first(categories: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sort categories that ``has_train_ids`` accepts in the order of ``CLASSES``."""
    by_name = {category['name']: category for category in categories}
    return [by_name[c.name] for c in CLASSES]


def _differences(
    found: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Describe each category that is not as expected."""
    by_name = {category['name']: category for category in expected}
    for category in found:
        name, id_ = category.get('name'), category.get('id')
        want = by_name.pop(name, None)
        if want is None:
            yield f'{name!r} (id {id_}) is unknown or doubled'
        elif want['id'] != id_ or want['isthing'] != category.get('isthing'):
            yield (
                f'{name!r} has id {id_}, isthing {category.get("isthing")}, expected '
                f'id {want["id"]}, isthing {want["isthing"]}'
            )
    yield from (f'{name!r} (id {c["id"]}) is missing' for name, c in by_name.items())
