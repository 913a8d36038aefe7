"""Read and replace what PISR's attention is told of an image: its encodings.

Both listen at the door of ``PISR.attention``, so that everything before it (scores)
and everything else that the final heads read stays as it is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from mmpisr.models.relations import PISR, BaseRelation

Part = Literal['all', 'classes', 'slots']


class Encodings(NamedTuple):
    """What the attention reads of a batch's categories.

    Attributes:
        values: Encodings after reweighting, ``(B, L, C)``.
        valid: False marks an empty slot, ``(B, L)`` bool.
        num_classes: How many of the L are classes; the rest are slots.
    """

    values: Tensor
    valid: Tensor
    num_classes: int

    def cpu(self) -> 'Encodings':
        """A copy that no later call changes, on the CPU."""
        values, valid = self.values.detach(), self.valid.detach()
        return Encodings(values.cpu().clone(), valid.cpu().clone(), self.num_classes)


Change = Callable[[Encodings], Encodings]


@contextmanager
def recorded_encodings(relation: BaseRelation | None) -> Iterator[list[Encodings]]:
    """Keep the encodings of each call within the block, in a list, on the CPU.

    Raises:
        ValueError: The relation is no PISR.
    """
    kept: list[Encodings] = []

    def keep(encodings: Encodings) -> Encodings:
        kept.append(encodings.cpu())
        return encodings

    with changed_encodings(relation, keep):
        yield kept


@contextmanager
def changed_encodings(relation: BaseRelation | None, change: Change) -> Iterator[None]:
    """Let the attention read other encodings within the block.

    Args:
        relation: A PISR.
        change: Makes what is read of what would be, for each call.

    Raises:
        ValueError: The relation is no PISR, or a change gives other shapes.
    """
    relation = require_pisr(relation)

    num_classes = relation.num_classes

    def read_others(_: nn.Module, inputs: tuple) -> tuple:
        feats, values, valid = inputs
        changed = change(Encodings(values, valid, num_classes))
        if changed.values.shape != values.shape:
            raise ValueError(
                f'encodings of {tuple(values.shape)} cannot be replaced by those of '
                f'{tuple(changed.values.shape)}'
            )
        return feats, changed.values, changed.valid

    handle = relation.attention.register_forward_pre_hook(read_others)
    try:
        yield
    finally:
        handle.remove()


def require_pisr(relation: BaseRelation | None) -> PISR:
    """Return a relation that has encodings.

    Raises:
        ValueError: It has none.
    """
    if not isinstance(relation, PISR):
        kind = 'no relation' if relation is None else type(relation).__name__
        raise ValueError(f'encodings are those of a PISR, the model has {kind}')
    return relation


def swap(own: Encodings, other: Encodings, part: Part) -> Encodings:
    """Take a part of the encodings, and which of them are valid, from another image.

    Args:
        own: Of the image.
        other: Of the other image, in the same shapes, on any device.
        part: Which categories are taken.
    """
    rows = own_rows(own, part)
    return own._replace(
        values=torch.where(rows[:, None], other.values.to(rows.device), own.values),
        valid=torch.where(rows, other.valid.to(rows.device), own.valid),
    )


def blank(own: Encodings, part: Part) -> Encodings:
    """Set a part of the encodings to zero; valid ones stay valid."""
    rows = own_rows(own, part)
    return own._replace(values=torch.where(rows[:, None], 0, own.values))


def own_rows(own: Encodings, part: Part) -> Tensor:
    """Mark the categories of a part, bool, ``(L,)``.

    Raises:
        ValueError: There is no such part.
    """
    places = torch.arange(own.values.shape[1], device=own.values.device)
    is_class = places < own.num_classes
    parts = dict(all=torch.ones_like(is_class), classes=is_class, slots=~is_class)
    if part not in parts:
        raise ValueError(f'part is {part!r}, expected one of {[*parts]}')
    return parts[part]
