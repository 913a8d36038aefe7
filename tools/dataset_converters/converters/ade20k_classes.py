"""ADE20K's 150 classes as panoptic categories, and the numbers that its pngs use.

Names, order and ids are those of mmdet's ``ADE20KPanopticDataset``: the id of a
category is its position, things first. Semantic pngs number the classes as
``ADE20KSegDataset`` lists them, from 1 on; instance pngs number the things as
``ADE20KInstanceDataset`` lists them, from 1 on.
"""

from typing import Any, NamedTuple

NUM_CLASSES = 150
# Semantic numbers of the 15 classes that ADE20K's authors call objects (column
# ``Stuff`` of ``object150_info.csv`` in CSAILVision/semantic-segmentation-pytorch) but
# that have no instance annotations: tree, plant, rock, base, blind, bar, buffet,
# poster, canopy, tent, cradle, tank, blanket, crt screen and shower.
OBJECTS_WITHOUT_INSTANCES = (
    *(5, 18, 35, 41, 64, 78, 100, 101),
    *(107, 115, 118, 123, 132, 142, 146),
)


class Ade20kClasses(NamedTuple):
    """Categories, and the category of every number in the pngs."""

    categories: list[dict[str, Any]]  # of the json, things first
    of_semantic: dict[int, int]  # 1 to 150 -> category id
    of_instance: dict[int, int]  # 1 to 100 -> category id
    connected: tuple[int, ...]  # things whose instances are connected regions

    @property
    def thing_ids(self) -> set[int]:
        """Category ids of the things."""
        return {c['id'] for c in self.categories if c['isthing']}


def ade20k_classes(*, paper_split: bool = False) -> Ade20kClasses:
    """List the classes as mmdet has them, 100 things and 50 stuff.

    Args:
        paper_split: 115 things and 35 stuff: 15 classes more are things, after the
            100 and in their semantic order.
    """
    from mmdet.datasets.ade20k import (
        ADE20KInstanceDataset,
        ADE20KPanopticDataset,
        ADE20KSegDataset,
    )

    panoptic = ADE20KPanopticDataset.METAINFO
    semantic = [name.strip() for name in ADE20KSegDataset.METAINFO['classes']]
    instance = ADE20KInstanceDataset.METAINFO['classes']
    things = [semantic.index(name) + 1 for name in instance]  # semantic numbers
    stuff = [n for n in range(1, NUM_CLASSES + 1) if n not in things]
    name_of = dict(zip([*things, *stuff], panoptic['classes'], strict=True))

    extra = OBJECTS_WITHOUT_INSTANCES if paper_split else ()
    order = [*things, *extra, *(n for n in stuff if n not in extra)]
    categories = [
        dict(
            id=position,
            name=name_of[number],
            isthing=int(position < len(things) + len(extra)),
            color=list(panoptic['palette'][position]),
        )
        for position, number in enumerate(order)
    ]
    return Ade20kClasses(
        categories=categories,
        of_semantic={number: position for position, number in enumerate(order)},
        of_instance={number: number - 1 for number in range(1, len(things) + 1)},
        connected=tuple(order.index(number) for number in extra),
    )
