"""A scene in the terms of COCO panoptic: categories and segments."""

from typing import Any

import numpy as np

from ..converters.numbering import COLOUR_STEP
from .classes import STUFF, THINGS
from .render import Scene

CATEGORY_IDS = {name: i for i, name in enumerate((*THINGS, *STUFF), start=1)}


def categories() -> list[dict[str, Any]]:
    """Things first."""
    colors = {**THINGS, **STUFF}
    return [
        dict(
            id=category_id,
            name=name,
            supercategory='thing' if name in THINGS else 'stuff',
            isthing=int(name in THINGS),
            color=list(colors[name]),
        )
        for name, category_id in CATEGORY_IDS.items()
    ]


def segments(scene: Scene) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Give segment ids and entries as ``ImageJob.segments`` does."""
    ids = np.arange(len(scene.segments) + 1) * COLOUR_STEP % 2**24
    infos = [
        dict(id=segment_id, category_id=CATEGORY_IDS[name], iscrowd=int(is_crowd))
        for segment_id, (name, is_crowd) in zip(
            ids[1:].tolist(), scene.segments, strict=True
        )
    ]
    return ids[scene.index_map], infos
