"""Which classes and instances the prediction of a pixel depends on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmpisr.models.relations import PISR

from .relation_maps import feature_pixel, stage_inputs

LEAST = 1e-30


class Encodings(NamedTuple):
    """What the attention reads of a batch's categories.

    Attributes:
        values: Encodings after reweighting, ``(B, L, C)``.
        valid: False marks an empty slot, ``(B, L)`` bool.
    """

    values: Tensor
    valid: Tensor


@contextmanager
def changed_encodings(
    pisr: PISR, change: Callable[[Encodings], Encodings]
) -> Iterator[None]:
    """Let the attention read changed encodings within the block.

    Args:
        pisr: The relation.
        change: Gets what would be read at each call, and gives what is read.

    Raises:
        ValueError: The change gives other shapes.
    """

    def read_others(_: nn.Module, inputs: tuple) -> tuple:
        feats, values, valid = inputs
        changed = change(Encodings(values, valid))
        if changed.values.shape != values.shape:
            raise ValueError(
                f'encodings of {tuple(values.shape)} cannot be replaced by those of '
                f'{tuple(changed.values.shape)}'
            )
        return feats, *changed

    handle = pisr.attention.register_forward_pre_hook(read_others)
    try:
        yield
    finally:
        handle.remove()


class PixelDependence(NamedTuple):
    """How the prediction of a pixel changes without each category."""

    label: int
    """The pixel's most probable final class: its map among the N."""
    changes: Tensor
    """Fall of that class's logit without each category, ``(N + K',)``: the N classes,
    then the filled slots, best first. Positive: the category supports the class."""


@torch.no_grad()
def pixel_dependence(
    model: nn.Module, batch: Mapping[str, Any], point: tuple[int, int]
) -> PixelDependence:
    """Set one encoding after the other to zero and measure one pixel of one image.

    Measured is the logit of the pixel's final class, relative to the mean over classes:
    ``log p_c - mean_n log p_n`` of the final class probabilities p. (Where p is a
    softmax these are the logits themselves, less their mean.) A change is its value
    with all encodings, minus its value where the attention reads a zero for one
    category, as it would if the category's reweighting score were zero. All else stays:
    features, intermediate predictions, the other categories' scores.

    The final heads run once for each category; the backbone runs once. The attention's
    map ``(L, HW)`` is not made.

    Args:
        model: With one PISR, in evaluation mode.
        batch: Of one image, as a data loader gives it.
        point: (x, y) in pixels of the original image, from 0. The pixel of the feature
            map below it is measured.

    Raises:
        ValueError: The relation has no encodings; the host gives no final class
            probabilities of pixels; or the point is outside of the image.
    """
    host, feats, samples = stage_inputs(model, batch)
    pisr = host.relation
    if not isinstance(pisr, PISR):
        raise ValueError(
            f'{type(pisr).__name__} has no encodings that could be set to zero: what a '
            'pixel depends on can only be measured on a model with mmpisr.PISR'
        )
    valid: list[Tensor] = []

    def logits(change: Callable[[Encodings], Encodings]) -> Tensor:
        with changed_encodings(pisr, change):
            probs = host.final_probs(feats, samples)[0]  # (N, h, w)
        row, column = feature_pixel(point, samples[0], probs.shape[1:])
        logs = probs[:, row, column].clamp(min=LEAST).log()
        return logs - logs.mean()

    def keep(own: Encodings) -> Encodings:
        valid.append(own.valid[0])
        return own

    whole = logits(keep)
    label = int(whole.argmax())
    filled = valid[0].nonzero().flatten().tolist()
    without = [logits(partial(zeroed, category=index))[label] for index in filled]
    return PixelDependence(label, (whole[label] - torch.stack(without)).cpu())


def zeroed(own: Encodings, *, category: int) -> Encodings:
    """Set the encoding of one category to zero."""
    kept = torch.arange(own.values.shape[1], device=own.values.device) != category
    return own._replace(values=own.values * kept[:, None])
