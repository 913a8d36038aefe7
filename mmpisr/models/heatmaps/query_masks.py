"""Instance heatmaps from queries (MaskFormer, Mask2Former; Sec. 3.2, note 2)."""

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmpisr.registry import MODELS


@MODELS.register_module()
class QueryMaskHeatmaps(BaseModule):
    """Masks of the K best thing queries, times their probability of being a thing.

    Queries are ranked by their best thing class and weighted by the sum over all thing
    classes, so that a query between two thing classes ranks low but keeps its mask.

    A query has one class for all of its pixels, so that its probability of being a
    thing replaces that of each pixel (note 2).
    """

    def forward(
        self, thing_probs: Tensor, mask_probs: Tensor, *, num_instances: int
    ) -> tuple[Tensor, Tensor]:
        """Make the heatmaps.

        Args:
            thing_probs: Probability of each thing class, ``(B, Q, N_th)``.
            mask_probs: Masks in [0, 1], ``(B, Q, H, W)``.
            num_instances: Slots K; if there are fewer than K queries, the last slots
                stay empty.

        Returns:
            Heatmaps in [0, 1], best slot first, float32, ``(B, K, H, W)``, zero in an
            empty slot; and False for each empty slot, ``(B, K)`` bool.
        """
        batch, queries = thing_probs.shape[:2]
        taken = min(num_instances, queries)
        best = thing_probs.detach().amax(dim=2).topk(taken, dim=1).indices  # (B, k)

        weights = thing_probs.float().sum(dim=2).gather(1, best)  # (B, k)
        images = torch.arange(batch, device=best.device).unsqueeze(1)
        heatmaps = mask_probs[images, best].float() * weights[:, :, None, None]

        if empty := num_instances - taken:
            heatmaps = F.pad(heatmaps, (0, 0, 0, 0, 0, empty))  # (B, K, H, W)
        valid = torch.arange(num_instances, device=heatmaps.device) < taken  # (K,)
        return heatmaps, valid.expand(batch, -1)
