"""Let PISR's attention read other encodings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import Tensor, nn

from mmpisr.models.relations import PISR


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

    with pisr.attention.register_forward_pre_hook(read_others):
        yield
