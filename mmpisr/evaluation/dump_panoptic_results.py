"""The predictions of a whole test set in one pickle (``--out``)."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.structures.mask import encode_mask_results
from mmengine.evaluator import DumpResults

from mmpisr.registry import METRICS

KEPT_PIXELS = ('pred_panoptic_seg', 'pred_sem_seg')


@METRICS.register_module()
class DumpPanopticResults(DumpResults):
    """Dump predictions for offline evaluation, in mmdet's layout but compact.

    Differs from mmdet's ``DumpDetResults``: no truth, no class probabilities (N floats
    a pixel: 80 GB on Cityscapes' val set) and 32-bit panoptic maps. Masks are
    run-length codes, as there.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep what is compact of each image."""
        super().process(data_batch, [_compact(sample) for sample in data_samples])


def _compact(sample: dict) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in sample.items()
        if not name.startswith(('gt_', 'pred_', 'ignored_'))
    }
    for name in KEPT_PIXELS:
        if name in sample:
            kept[name] = dict(sem_seg=sample[name]['sem_seg'].to(torch.int32))
    if 'pred_instances' in sample:
        instances = dict(sample['pred_instances'])
        if 'masks' in instances:
            masks = instances['masks'].detach().cpu().numpy()
            instances['masks'] = encode_mask_results(masks)
        kept['pred_instances'] = instances
    return kept
