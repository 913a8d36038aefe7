"""A scene in the terms of COCO panoptic: categories, segments, segment png."""

from typing import Any

import numpy as np

from ..segment_png import encode_segment_ids, segment_extents
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
    positions, areas, boxes = segment_extents(scene.index_map)
    return [
        dict(
            id=int(ids[position - 1]),
            category_id=CATEGORY_IDS[scene.segments[position - 1][0]],
            iscrowd=int(scene.segments[position - 1][1]),
            area=int(area),
            bbox=box.tolist(),
        )
        for position, area, box in zip(positions, areas, boxes, strict=True)
        if position > 0
    ]


def segment_png(scene: Scene) -> bytes:
    """The png of segment ids; black is void."""
    ids = np.append(0, _segment_ids(len(scene.segments)))[scene.index_map]
    return encode_segment_ids(ids)


def _segment_ids(count: int) -> np.ndarray:
    """Distinct ids that look different: an odd factor permutes three bytes."""
    return np.arange(1, count + 1, dtype=np.int64) * 5_308_871 % 2**24
