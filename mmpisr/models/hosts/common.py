"""What every host needs: a relation that fits it, and the padding of a batch."""

from collections.abc import Sequence
from copy import deepcopy
from math import ceil

import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmpisr.models.relations import BaseRelation
from mmpisr.registry import MODELS


def build_relation(config: dict, **host: int) -> BaseRelation:
    """Build a relation, taking from the host what its config leaves out.

    Args:
        config: Config of the relation; not changed.
        **host: The host's own numbers, ``in_channels`` and ``num_classes``.

    Raises:
        ValueError: A number that the config gives disagrees with the host's.
    """
    config = deepcopy(config)
    for field, actual in host.items():
        given = config.setdefault(field, actual)
        if given != actual:
            raise ValueError(
                f'relation.{field} is {given}, but the host has {actual}; leave it '
                'out to take that'
            )
    return MODELS.build(config)


def valid_pixels(
    data_samples: Sequence[DetDataSample] | None, feats: Tensor
) -> Tensor | None:
    """Mark the pixels of a feature map that are not padding.

    Args:
        data_samples: With ``img_shape`` and ``batch_input_shape``, (height, width) in
            pixels of the input; None where the input is all there is.
        feats: Features of the padded batch, ``(B, C, H, W)``.

    Returns:
        ``(B, H, W)`` bool, True where the pixel covers some of the image; None when
        no image is padded.
    """
    if data_samples is None:
        return None
    batch, _, height, width = feats.shape
    sizes = [sample.img_shape[:2] for sample in data_samples]
    padded = data_samples[0].batch_input_shape
    if all(tuple(size) == tuple(padded) for size in sizes):
        return None

    mask = torch.zeros(batch, height, width, dtype=torch.bool, device=feats.device)
    for image, (image_height, image_width) in zip(mask, sizes, strict=True):
        rows = ceil(image_height * height / padded[0])
        columns = ceil(image_width * width / padded[1])
        image[:rows, :columns] = True
    return mask


def unpadded_samples(batch_inputs: Tensor) -> list[DetDataSample]:
    """Data samples of images ``(B, 3, H, W)`` that fill the whole input."""
    size = tuple(batch_inputs.shape[2:])
    names = 'img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape'
    meta = dict.fromkeys(names, size) | dict(scale_factor=(1.0, 1.0))
    return [DetDataSample(metainfo=meta) for _ in batch_inputs]
