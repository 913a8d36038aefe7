"""Made-up images with every kind of truth that a model here is trained on."""

from typing import Any

import numpy as np
from mmengine.config import ConfigDict

from mmpisr.datasets.transforms import (
    InstancesFromSegments,
    PackPanopticInputs,
    PanopticDeepLabTargets,
)

NUM_THINGS = 8  # in an image
NOISE = 8  # pixels that share a colour, each way


def class_counts(model: ConfigDict) -> tuple[int, int]:
    """Thing and stuff classes of a model's config.

    Raises:
        ValueError: Neither its panoptic head nor its fusion head says.
    """
    fields = 'num_things_classes', 'num_stuff_classes'
    for name in ('panoptic_fusion_head', 'panoptic_head'):
        head = model.get(name) or {}
        if all(field in head for field in fields):
            return head[fields[0]], head[fields[1]]
    raise ValueError(
        f'{model.get("type")!r} has {[*fields]} neither in panoptic_fusion_head nor in '
        f'panoptic_head, but only {[*model]}'
    )


def make_batch(
    shape: tuple[int, int], *, batch: int, things: int, stuff: int, seed: int = 0
) -> dict[str, list]:
    """Noise, and a truth of two stuff regions with a row of things on them.

    Args:
        shape: (height, width) of the images, at least 16 x 64 pixels.
        batch: How many.
        things: Thing classes.
        stuff: Stuff classes.
        seed: Of the noise.

    Returns:
        ``inputs`` and ``data_samples``, as a data loader collates them.

    Raises:
        ValueError: The images are too small for their things.
    """
    if shape[0] < 16 or shape[1] < 64:
        raise ValueError(f'images are {shape[0]} x {shape[1]}, at least 16 x 64 needed')
    rng = np.random.default_rng(seed)
    packed = []
    for _ in range(batch):
        results = _loaded_image(rng, shape, things, stuff)
        for step in (InstancesFromSegments(), PanopticDeepLabTargets(sigma=4)):
            results = step.transform(results)
        packed.append(PackPanopticInputs().transform(results))
    return {key: [sample[key] for sample in packed] for key in packed[0]}


def _loaded_image(
    rng: np.random.Generator, shape: tuple[int, int], things: int, stuff: int
) -> dict[str, Any]:
    """What a pipeline has loaded of one image."""
    height, width = shape
    coarse = rng.integers(256, size=(-(-height // NOISE), -(-width // NOISE), 3))
    image = coarse.repeat(NOISE, 0).repeat(NOISE, 1)[:height, :width]
    count = NUM_THINGS if things else 0
    labels = [things, things + stuff - 1, *rng.integers(max(things, 1), size=count)]
    return dict(
        img=image.astype(np.uint8),
        img_shape=shape,
        ori_shape=shape,
        num_classes=things + stuff,
        gt_seg_map=_index_map(shape, count),
        segments=dict(
            labels=np.array(labels),
            is_thing=np.array([False, False] + [True] * count),
            is_crowd=np.zeros(2 + count, dtype=bool),
        ),
    )


def _index_map(shape: tuple[int, int], count: int) -> np.ndarray:
    """Two halves, 1 and 2, and between them a row of things from 3 on, ``(H, W)``."""
    height, width = shape
    index_map = np.ones(shape, dtype=np.uint16)
    index_map[height // 2 :] = 2
    for place in range(count):
        left = place * width // count
        index_map[height // 4 : 3 * height // 4, left : left + width // count - 2] = (
            place + 3
        )
    return index_map
