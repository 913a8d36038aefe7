"""FSDP policies of UPerNet: shard and recompute the blocks of a Swin backbone.

These have 189 of the 225 million parameters of UPerNet with Swin-L. A policy by size
could wrap a head. mmdet calls the ``loss`` and ``predict`` of heads without FSDP's
``forward``, so that their parameters would not be gathered from the shards.
"""

from mmdet.models.backbones.swin import SwinBlock
from torch import nn


def is_swin_block(module: nn.Module) -> bool:
    """Whether a module's activations are recomputed in the backward pass."""
    return isinstance(module, SwinBlock)


def wrap_swin_blocks(module: nn.Module, recurse: bool, nonwrapped_numel: int) -> bool:
    """FSDP's ``auto_wrap_policy`` that makes each Swin block a unit.

    Args:
        module: The module to decide about.
        recurse: True: return whether to search its children, which is always done;
            False: return whether to wrap it.
        nonwrapped_numel: Its parameters that are in no unit yet; not used.
    """
    return recurse or is_swin_block(module)
