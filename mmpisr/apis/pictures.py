"""Pictures of what several models predict for the same images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import mmcv
import numpy as np
from mmdet.structures import DetDataSample

from mmpisr.output_names import distinct_names
from mmpisr.visualization import picture_of, side_by_side


def draw_comparison(
    predictions: Mapping[str, Sequence[DetDataSample]], meta: dict, out: Path
) -> list[Path]:
    """Save one picture an image: the image, its truth, each model's prediction.

    Args:
        predictions: Samples by model, in the same order for all, with
            ``gt_panoptic_seg`` and ``pred_panoptic_seg``.
        meta: ``classes`` and ``palette``.
        out: Folder of ``picture_<image name>.png``.
    """
    first = next(iter(predictions.values()))
    names = distinct_names(sample.img_path for sample in first)
    paths = []
    for samples in zip(*predictions.values(), strict=True):
        picture = _picture(dict(zip(predictions, samples, strict=True)), meta)
        paths.append(out / f'picture_{names[samples[0].img_path]}.png')
        mmcv.imwrite(picture[..., ::-1], str(paths[-1]))
    return paths


def _picture(samples: Mapping[str, DetDataSample], meta: dict) -> np.ndarray:
    """RGB uint8, ``(H, W, 3)``."""
    first = next(iter(samples.values()))
    image = picture_of(first)
    maps = {'truth': first.gt_panoptic_seg.sem_seg[0].cpu().numpy()}
    for name, sample in samples.items():
        maps[name] = sample.pred_panoptic_seg.sem_seg[0].cpu().numpy()
    return side_by_side(image, maps, meta)
