"""GMACs and parameters of models, and whether a control costs what it must."""

import json
from math import ceil
from pathlib import Path

from mmengine.config import Config
from speed.macs import build_for_counting, count_macs

from mmpisr.apis.run_options import load_config

from .study import Options, Study

TOLERANCE = 0.05
"""Largest relative difference of what a control and its model add to the base."""


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


def check_controls(study: Study, more: Options) -> None:
    """Check that each control adds the GMACs to the base that its model adds.

    Args:
        study: Whose controls are checked.
        more: Further options of all variants.

    Raises:
        ValueError: They differ by more than ``TOLERANCE``; names both and their GMACs.
    """

    def gmacs(label: str) -> float:
        variant = study.find(label)
        return model_cost(
            load_config(str(variant.config), options=variant.test | more)
        )['gmacs']

    for variant in study.variants:
        if not variant.control:
            continue
        base = gmacs(study.base.label)
        own, other = gmacs(variant.label) - base, gmacs(variant.control) - base
        if abs(own - other) > TOLERANCE * other:
            raise ValueError(
                f'{study.path}: {variant.label!r} adds {own:.4f} GMACs to the base, '
                f'but {variant.control!r}, whose control it is, adds {other:.4f}; '
                f'change its channels: at most {TOLERANCE:.0%} more or less'
            )
