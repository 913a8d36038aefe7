"""What a relation reads for one image, and what the final stage makes of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmdet.structures import DetDataSample
from torch import Tensor, nn
from torch.nn import functional as F

from mmpisr.evaluation.reweighting import INPUT_NAMES
from mmpisr.models.relations import BaseRelation

from .layer_fit import bare_model


class StageInputs(NamedTuple):
    """A host, and what its stages read of a batch of one image."""

    host: Any
    """The ``RelationHost``: the detector, or its panoptic head."""
    feats: Any
    """What the detector's ``extract_feat`` gives."""
    samples: Sequence[DetDataSample]
    """The data sample of the image."""


class RelationMaps(NamedTuple):
    """Maps of one image, float32, in the frame of the padded feature map."""

    before: Tensor
    """Class probabilities of the intermediate stage, S, ``(N, h, w)``."""
    after: Tensor
    """Class probabilities of the final stage, ``(N, h, w)``."""
    slots: Tensor
    """Instance heatmaps I of the filled slots, best first, ``(K', h, w)``."""
    slot_scores: Tensor | None
    """Their reweighting scores in [0, 1], ``(K',)``; None: the relation has none."""
    semantic_index: Sequence[int] | None
    """Which of the N is the map of each class of the data; None: the same index."""


@torch.no_grad()
def stage_inputs(model: nn.Module, batch: Mapping[str, Any]) -> StageInputs:
    """Preprocess a batch of one image and compute the features of the base model.

    Args:
        model: A detector with a relation, in evaluation mode, perhaps wrapped.
        batch: ``inputs`` and ``data_samples`` as a data loader gives them; not changed.

    Raises:
        ValueError: The model has no relation, or several.
    """
    model = bare_model(model)
    hosts = [
        module
        for module in model.modules()
        if isinstance(getattr(module, 'relation', None), BaseRelation)
    ]
    if len(hosts) != 1:
        raise ValueError(
            f'{type(model).__name__} has {len(hosts)} relations, but one is needed: '
            'give a config made by tools/add_relation.py, and its checkpoint'
        )
    data = preprocess(model, batch)
    return StageInputs(
        hosts[0],
        model.extract_feat(data['inputs']),  # type: ignore[operator]
        data['data_samples'],
    )


def preprocess(model: nn.Module, batch: Mapping[str, Any]) -> dict[str, Any]:
    """Normalise, pad and move a batch; the given data samples are not changed."""
    copies = dict(batch, data_samples=[s.clone() for s in batch['data_samples']])
    return model.data_preprocessor(copies, False)  # type: ignore[operator]


@torch.no_grad()
def relation_maps(model: nn.Module, batch: Mapping[str, Any]) -> RelationMaps:
    """Predict one image and keep what the relation reads and the final stage gives.

    Args:
        model: See :func:`stage_inputs`.
        batch: Of one image.

    Raises:
        ValueError: See :func:`stage_inputs`; or the host gives no final class
            probabilities of pixels.
    """
    host, feats, samples = stage_inputs(model, batch)
    kept: dict[str, Any] = {}

    def keep(_: nn.Module, args: tuple, kwargs: Mapping, output: Any) -> None:
        kept.update(zip(INPUT_NAMES, args, strict=False), **kwargs, output=output)

    handle = host.relation.register_forward_hook(keep, with_kwargs=True)
    try:
        after = host.final_probs(feats, samples)[0]
    finally:
        handle.remove()
    before, slots = kept['sem_probs'][0].float(), kept['inst_heatmaps'][0].float()
    valid = kept.get('inst_valid')
    filled = slots.new_ones(len(slots)).bool() if valid is None else valid[0].bool()
    scores = kept['output'].scores
    if scores is not None:
        scores = scores[0, len(before) :][filled].float()
    index = getattr(host, 'semantic_index', None)
    return RelationMaps(before, after, slots[filled], scores, index)


@torch.no_grad()
def class_and_center(
    model: nn.Module, batch: Mapping[str, Any]
) -> tuple[Tensor, Tensor]:
    """Final class probabilities ``(N, h, w)`` and centre map ``(h, w)`` of one image.

    Args:
        model: A Panoptic-DeepLab in evaluation mode, with or without a relation.
        batch: Of one image.

    Raises:
        ValueError: The model predicts no centres.
    """
    model = bare_model(model)
    if not hasattr(model, 'forward_maps'):
        raise ValueError(
            f'{type(model).__name__} predicts no centre map, so this figure (Fig. 5) '
            'cannot be drawn: it needs a Panoptic-DeepLab'
        )
    data = preprocess(model, batch)
    feats = model.extract_feat(data['inputs'])  # type: ignore[operator]
    maps = model.forward_maps(feats, data['data_samples'])  # type: ignore[operator]
    return maps.sem_logits[0].float().softmax(0), maps.center[0, 0].float()


def in_image(maps: Tensor, sample: DetDataSample) -> Tensor:
    """Resample maps of the padded feature map ``(M, h, w)`` to the original image.

    Args:
        maps: Only those that are drawn: the result has the size of the image.
        sample: With ``batch_input_shape``, ``img_shape`` and ``ori_shape``.

    Returns:
        ``(M, H, W)``, on the CPU.
    """
    height, width = sample.img_shape[:2]
    padded = tuple(sample.batch_input_shape)
    maps = F.interpolate(maps[None], padded, mode='bilinear')[..., :height, :width]
    return F.interpolate(maps, tuple(sample.ori_shape[:2]), mode='bilinear')[0].cpu()


def feature_pixel(
    point: tuple[int, int], sample: DetDataSample, size: Sequence[int]
) -> tuple[int, int]:
    """Pixel (row, column) of a padded feature map below a pixel of the image.

    Args:
        point: (x, y) in pixels of the original image, from 0.
        sample: See :func:`in_image`.
        size: (height, width) of the feature map.

    Raises:
        ValueError: The point is not in the image; names both.
    """
    height, width = sample.ori_shape[:2]
    x, y = point
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(
            f'the point {x},{y} (x,y) is not in the image, which is {width} wide and '
            f'{height} high: x from 0 to {width - 1}, y from 0 to {height - 1}'
        )
    sizes = sample.img_shape[:2], (height, width), size, sample.batch_input_shape
    row, column = (
        int((at + 0.5) * inside / original * small / padded)
        for at, inside, original, small, padded in zip((y, x), *sizes, strict=True)
    )
    return row, column
