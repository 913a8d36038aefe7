import runpy

import pytest
from mmengine.config import Config
from torch import nn


@pytest.fixture(scope='module')
def tool(repo):
    return runpy.run_path(str(repo / 'tools/analysis_tools/get_macs.py'))


class TwoLayers(nn.Module):
    """A 3x3 convolution and a linear layer, as a detector is called."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.linear = nn.Linear(8, 5)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == 'tensor'
        return self.linear(self.conv(inputs).mean(dim=(2, 3)))


def test_children_are_counted_by_hand(tool):
    macs = tool['count_macs'](TwoLayers().to('meta'), (10, 20))
    conv, linear = 10 * 20 * 8 * 3 * 9, 8 * 5
    assert macs == dict(conv=conv, linear=linear, total=conv + linear)


def test_the_base_at_full_cityscapes_size_is_within_3_percent_of_detectron2(tool, repo):
    cfg = Config.fromfile(repo / 'configs/_base_/models/panoptic-deeplab_r52.py')
    cfg.model.panoptic_head.update(num_things_classes=8, num_stuff_classes=11)

    macs = tool['count_macs'](tool['build_without_weights'](cfg), (1024, 2048))

    assert macs['total'] / 1e9 == pytest.approx(414.5, rel=0.03)
    parts = [macs[name] for name in ('backbone', 'neck', 'panoptic_head')]
    assert sum(parts) == macs['total']
