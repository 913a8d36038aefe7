"""GMACs and parameters of a config's model, at the size of its validation images."""

import json
from math import ceil
from pathlib import Path

from mmengine.config import Config
from speed.macs import build_for_counting, count_macs


def model_cost(cfg: Config) -> dict[str, float]:
    """Build the model and count.

    Args:
        cfg: A whole config.

    Returns:
        ``gmacs`` of one image, as ``get_macs.py`` counts, and ``parameters``.
    """
    model = build_for_counting(cfg)
    macs = count_macs(model, input_shape(cfg))['total']
    parameters = sum(weight.numel() for weight in model.parameters())
    return dict(gmacs=round(macs / 1e9, 4), parameters=parameters)


def input_shape(cfg: Config) -> tuple[int, int]:
    """(height, width) of the first validation image, padded by the data preprocessor.

    Pipelines that resize validation images are not followed.
    """
    dataset = cfg.val_dataloader.dataset
    path = Path(dataset.get('data_root') or '') / dataset.ann_file
    image = json.loads(path.read_text())['images'][0]
    unit = cfg.model.get('data_preprocessor', {}).get('pad_size_divisor', 1)
    height, width = (ceil(image[key] / unit) * unit for key in ('height', 'width'))
    return height, width
