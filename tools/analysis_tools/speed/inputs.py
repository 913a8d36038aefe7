"""Random images with ground truth for every model, and artificial centres."""

from math import ceil, sqrt
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from torch import Tensor, nn

from mmpisr.datasets.transforms import (
    InstancesFromSegments,
    PackPanopticInputs,
    PanopticDeepLabTargets,
)
from mmpisr.models.panoptic_deeplab import PanopticDeepLabHead, PanopticDeepLabMaps

NUM_THINGS = 8  # in an image
NOISE = 8  # pixels that share a colour, each way
CENTER_STEP = 3  # pixels of a centre map from one centre to the next, at least


def class_counts(model: ConfigDict) -> tuple[int, int]:
    """Read the numbers of thing and stuff classes from a model's config.

    Raises:
        ValueError: Neither its panoptic head nor its fusion head has both fields.
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
    """Make a batch of noise images with two stuff regions and a row of things.

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


def images_only(batch: dict[str, list]) -> dict[str, list]:
    """Return the images of a batch and their sizes, without the ground truth.

    Args:
        batch: As ``make_batch`` gives it; not changed.
    """
    samples = [DetDataSample(metainfo=s.metainfo) for s in batch['data_samples']]
    return dict(inputs=batch['inputs'], data_samples=samples)


def center_map(count: int, shape: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Draw centre peaks on a grid; upsampling the map keeps their number.

    Args:
        count: Number of peaks, at least 1.
        shape: (height, width) of the image, in pixels of the map.
        size: (height, width) of the map, with the padding of the image.

    Returns:
        2 at a peak, 1.5 to the right of it and below (so that an upsampled peak has a
        single highest pixel), else 0; float32, ``(1, 1, h, w)``.

    Raises:
        ValueError: The image has no room for so many.
    """
    height, width = shape
    columns = ceil(sqrt(count * width / height))
    rows = ceil(count / columns)
    down, right = height // rows, width // columns
    if min(down, right) < CENTER_STEP:
        raise ValueError(
            f'{count} instances do not fit on a centre map of {height} x {width} pixels'
        )
    place = torch.arange(count)
    y, x = place // columns * down + 1, place % columns * right + 1  # off the border
    centers = torch.zeros(1, 1, height, width)
    for dy, dx, value in ((0, 0, 2), (0, 1, 1.5), (1, 0, 1.5)):
        centers[..., y + dy, x + dx] = value
    return F.pad(centers, (0, size[1] - width, 0, size[0] - height))


def find_instances(
    model: nn.Module, count: int, *, shape: tuple[int, int], padded: tuple[int, int]
) -> None:
    """Make the Panoptic-DeepLab heads of a model find a fixed number of instances.

    Args:
        model: Is left alone if it has no such head.
        count: Instances per image.
        shape: (height, width) of the images.
        padded: The same with padding.

    Raises:
        ValueError: The images have no room for so many.
    """
    for head in model.modules():
        if isinstance(head, PanopticDeepLabHead):
            stride = head.stride
            centers = center_map(
                count,
                (shape[0] // stride, shape[1] // stride),
                (padded[0] // stride, padded[1] // stride),
            )
            find_centers_and_things(head, centers.to(next(head.parameters()).device))


def find_centers_and_things(head: PanopticDeepLabHead, centers: Tensor) -> None:
    """Make a head find given centres, and the first class in every pixel.

    Args:
        head: Its predictors' weights are changed; it computes as much as before.
        centers: As ``center_map`` gives it, on the head's device.
    """
    weight, bias = head.center_predictor.parameters()
    nn.init.zeros_(weight)
    nn.init.constant_(bias, -1)  # below any threshold
    _, bias = head.semantic_predictor.parameters()
    nn.init.constant_(bias[:1], 20)  # larger: denormal probabilities slow CPUs down

    def add_centers(
        _: nn.Module, inputs: tuple, maps: PanopticDeepLabMaps
    ) -> PanopticDeepLabMaps:
        return maps._replace(center=maps.center + centers.to(maps.center.dtype))

    head.register_forward_hook(add_centers)


def _loaded_image(
    rng: np.random.Generator, shape: tuple[int, int], things: int, stuff: int
) -> dict[str, Any]:
    """Results dict of one image, as loading transforms leave it."""
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
    """Segment numbers ``(H, W)``: halves 1 and 2, a row of things from 3 on."""
    height, width = shape
    index_map = np.ones(shape, dtype=np.uint16)
    index_map[height // 2 :] = 2
    for place in range(count):
        left = place * width // count
        index_map[height // 4 : 3 * height // 4, left : left + width // count - 2] = (
            place + 3
        )
    return index_map
