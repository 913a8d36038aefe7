"""The embedded dataset: scenes in which some classes depend on a far-away object."""

from typing import NamedTuple

from mmpisr.registry import DATASETS

from .panoptic import PanopticDataset


class Relation(NamedTuple):
    """Two classes that look the same; a third one in the image decides which it is.

    A region is ``present`` if there is a ``decider`` anywhere in the image, else
    ``absent``.
    """

    decider: str
    present: str
    absent: str


RELATIONS = (
    Relation(decider='boat', present='buoy', absent='ball'),
    Relation(decider='snow', present='sledge', absent='cart'),
    Relation(decider='lamp', present='carpet', absent='sand'),
)
THINGS = {
    'car': (0, 0, 142),
    'person': (220, 20, 60),
    'boat': (255, 122, 0),
    'lamp': (250, 200, 20),
    'ball': (160, 0, 120),
    'buoy': (255, 80, 220),
    'cart': (90, 50, 160),
    'sledge': (180, 140, 255),
}
STUFF = {
    'sky': (120, 180, 230),
    'mountain': (110, 100, 130),
    'snow': (245, 245, 255),
    'building': (150, 80, 60),
    'road': (90, 90, 90),
    'grass': (70, 160, 60),
    'water': (20, 80, 170),
    'wall': (225, 205, 180),
    'floor': (140, 95, 50),
    'sand': (215, 190, 90),
    'carpet': (170, 60, 60),
}


@DATASETS.register_module()
class PanopticScenes(PanopticDataset):
    """Scenes drawn by ``tools/dataset_converters/generate_scenes.py``.

    ``metainfo`` also has ``relational_classes`` (told apart by relations only) and
    ``relations``: dicts of ``decider``, ``present`` and ``absent`` class names.
    """

    MAKER = 'python tools/dataset_converters/generate_scenes.py --out', 'data/scenes'
    METAINFO = dict(
        classes=(*THINGS, *STUFF),
        thing_classes=tuple(THINGS),
        stuff_classes=tuple(STUFF),
        palette=[*THINGS.values(), *STUFF.values()],
        relational_classes=tuple(name for r in RELATIONS for name in r[1:]),
        relations=tuple(relation._asdict() for relation in RELATIONS),
    )
