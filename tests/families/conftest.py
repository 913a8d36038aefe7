"""A panoptic config to change, and models of another package."""

import pytest
from mmdet.models.detectors import TwoStagePanopticSegmentor
from mmengine.config import Config
from mmengine.registry import MODELS, Registry

from mmpisr.families.add import read_config
from mmpisr.models.panoptic_deeplab import PanopticDeepLab

PANOPTIC_FPN = 'mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py'
OTHERS = Registry('model', parent=MODELS, scope='others')


@OTHERS.register_module()
class Renamed(TwoStagePanopticSegmentor):
    """The base under another name."""


@OTHERS.register_module()
class WithOwnLoss(TwoStagePanopticSegmentor):
    """Has a loss that a host would not have."""

    def loss(self, batch_inputs, batch_data_samples):
        """Another loss."""


@OTHERS.register_module()
class WithOwnArgument(TwoStagePanopticSegmentor):
    """Has an argument that a host does not take."""

    def __init__(self, *, extra, **base):
        super().__init__(**base)


@OTHERS.register_module()
class DerivedDeepLab(PanopticDeepLab):
    """A family of its own, once registered."""


@pytest.fixture(scope='session')
def loaded():
    """Panoptic-FPN's config, parsed once."""
    return read_config(PANOPTIC_FPN)


@pytest.fixture
def cfg(loaded) -> Config:
    """Panoptic-FPN's config, to change."""
    return read_config(loaded)
