"""Instance heatmaps from queries (MaskFormer, Mask2Former; Sec. 3.2, note 2)."""

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmpisr.registry import MODELS


def query_heatmaps(
    thing_probs: Tensor, mask_probs: Tensor, *, num_instances: int
) -> tuple[Tensor, Tensor]:
    """The masks of the best thing queries, times their probability of being a thing.

    Queries are ranked by their most probable thing class, and weighed by the sum over
    all thing classes: a query with two probable classes ranks low, but shows its thing.

    Args:
        thing_probs: Probability of each thing class, ``(B, Q, N_th)``.
        mask_probs: Masks in [0, 1], ``(B, Q, H, W)``.
        num_instances: Slots K; those beyond the Q queries stay empty.

    Returns:
        Heatmaps in [0, 1], best slot first, float32, ``(B, K, H, W)``, zero for an
        empty slot; and which slots are filled, ``(B, K)`` bool.
    """
    batch, queries = thing_probs.shape[:2]
    filled = min(num_instances, queries)
    best = thing_probs.detach().amax(dim=2).topk(filled, dim=1).indices  # (B, k)

    weighed = thing_probs.float().sum(dim=2).gather(1, best)  # (B, k)
    images = torch.arange(batch, device=best.device).unsqueeze(1)
    heatmaps = mask_probs[images, best].float() * weighed[:, :, None, None]

    if empty := num_instances - filled:
        heatmaps = F.pad(heatmaps, (0, 0, 0, 0, 0, empty))  # (B, K, H, W)
    valid = torch.arange(num_instances, device=heatmaps.device) < filled  # (K,)
    return heatmaps, valid.expand(batch, -1)


@MODELS.register_module()
class QueryMaskHeatmaps(BaseModule):
    """The K best thing queries as heatmaps; see :func:`query_heatmaps`.

    The query's probability of being a thing stands for the pixel's (note 2), as a
    query has one class for all of its pixels.
    """

    def forward(
        self, thing_probs: Tensor, mask_probs: Tensor, *, num_instances: int
    ) -> tuple[Tensor, Tensor]:
        """Make the heatmaps; see :func:`query_heatmaps`."""
        return query_heatmaps(thing_probs, mask_probs, num_instances=num_instances)
