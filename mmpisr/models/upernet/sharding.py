"""Which layers FSDP shards and recomputes: the blocks of a Swin backbone.

They hold 189 of the 225 million parameters of UPerNet with Swin-L. A policy by size
might wrap a head, whose ``loss`` and ``predict`` mmdet calls past FSDP's ``forward``,
so that its parameters would be in shards when they are used.
"""

from mmdet.models.backbones.swin import SwinBlock
from torch import nn


def is_swin_block(module: nn.Module) -> bool:
    """Whether to recompute a module's activations in the backward pass."""
    return isinstance(module, SwinBlock)


def wrap_swin_blocks(module: nn.Module, recurse: bool, nonwrapped_numel: int) -> bool:
    """Decide as FSDP's ``auto_wrap_policy``: every Swin block is a unit of its own.

    Args:
        module: The module in question.
        recurse: Whether FSDP asks to look inside it, which is always granted, or to
            wrap it.
        nonwrapped_numel: Parameters in it that are in no unit yet; makes no difference.
    """
    return recurse or is_swin_block(module)
