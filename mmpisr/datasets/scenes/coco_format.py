"""A scene in the terms of COCO panoptic: categories, segments, segment png."""

from typing import Any

import numpy as np

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


def segments_info(scene: Scene) -> list[dict[str, Any]]:
    """Id, category, crowd flag, area and box (x, y, width, height) of each segment."""
    ids = _segment_ids(len(scene.segments))
    infos = []
    for position, (name, crowd) in enumerate(scene.segments):
        ys, xs = np.nonzero(scene.index_map == position + 1)
        left, top = int(xs.min()), int(ys.min())
        info = dict(
            id=int(ids[position]),
            category_id=CATEGORY_IDS[name],
            iscrowd=int(crowd),
            area=len(ys),
            bbox=[left, top, int(xs.max()) - left + 1, int(ys.max()) - top + 1],
        )
        infos.append(info)
    return infos


def segment_png(scene: Scene) -> np.ndarray:
    """Segment ids as colours, ``(H, W, 3)`` uint8, RGB; black is void."""
    ids = np.append(0, _segment_ids(len(scene.segments)))[scene.index_map]
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)


def _segment_ids(count: int) -> np.ndarray:
    """Distinct ids that look different: an odd factor permutes three bytes."""
    return np.arange(1, count + 1, dtype=np.int64) * 5_308_871 % 2**24
