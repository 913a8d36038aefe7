"""GMACs and parameters of a config's model, at the size of its validation images."""

import json
from math import ceil
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmpisr.apis.macs import build_for_counting, count_macs


class ModelCost(NamedTuple):
    """What a model costs.

    Attributes:
        gmacs: For one image of ``shape``, as ``get_macs.py`` counts.
        parameters: Learned numbers.
        shape: (height, width) of the padded input.
    """

    gmacs: float
    parameters: int
    shape: tuple[int, int]


def model_cost(cfg: Config) -> ModelCost:
    """Build the model and count.

    Args:
        cfg: A whole config; the first image of its validation json has the size.
    """
    shape = input_shape(cfg)
    model = build_for_counting(cfg)
    parameters = sum(weight.numel() for weight in model.parameters())
    return ModelCost(count_macs(model, shape)['total'] / 1e9, parameters, shape)


def input_shape(cfg: Config) -> tuple[int, int]:
    """Size of the first validation image, padded as the data preprocessor does.

    Pipelines that resize validation images are not followed.
    """
    dataset = cfg.val_dataloader.dataset
    path = Path(dataset.get('data_root') or '') / dataset.ann_file
    image = json.loads(path.read_text())['images'][0]
    unit = cfg.model.get('data_preprocessor', {}).get('pad_size_divisor', 1)
    height, width = (ceil(image[key] / unit) * unit for key in ('height', 'width'))
    return height, width
