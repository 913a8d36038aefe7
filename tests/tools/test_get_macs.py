import importlib

import pytest
from mmengine.config import Config
from tiny_hosts import load_config
from torch import nn


@pytest.fixture
def tools(repo, monkeypatch):
    """Import the tools as they import each other."""
    monkeypatch.syspath_prepend(repo / 'tools' / 'analysis_tools')
    return importlib.import_module('macs_table')


@pytest.fixture
def tool(tools):
    return tools.get_macs


class TwoLayers(nn.Module):
    """A 3x3 convolution and a linear layer, as a detector is called."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.head = nn.Sequential(nn.Linear(8, 5))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == ('tensor' if inputs.is_meta else 'predict')
        return self.head[0](self.conv(inputs).mean(dim=(2, 3)))


@pytest.mark.parametrize('device', ['cpu', 'meta'])
def test_submodules_are_counted_by_hand(tool, device):
    macs = tool.count_macs(TwoLayers().to(device), (10, 20))

    conv, linear = 10 * 20 * 8 * 3 * 9, 8 * 5
    parts = {'conv': conv, 'head': linear, 'head.0': linear}
    assert macs == {**parts, 'total': conv + linear}


def test_the_base_at_full_cityscapes_size_is_within_3_percent_of_detectron2(tool, repo):
    cfg = Config.fromfile(repo / 'configs/_base_/models/panoptic-deeplab_r52.py')
    cfg.model.panoptic_head.update(num_things_classes=8, num_stuff_classes=11)

    macs = tool.count_macs(tool.build_for_counting(cfg), (1024, 2048))

    assert macs['total'] / 1e9 == pytest.approx(414.5, rel=0.03)
    parts = [macs[name] for name in ('backbone', 'neck', 'panoptic_head')]
    assert sum(parts) == macs['total']


def test_all_proposals_pass_the_box_head_and_all_detections_the_mask_head(tool):
    cfg = load_config('panoptic-fpn', host=False)
    cfg.model.test_cfg.rpn.max_per_img = 70
    cfg.model.test_cfg.rcnn.update(max_per_img=20, score_thr=0.6)

    macs = tool.count_macs(tool.build_for_counting(cfg), (64, 96))

    channels = 64
    boxes = 70 * (7 * 7 * channels * 128 + 128 * 128 + 128 * (9 + 4 * 8))
    convs = 14 * 14 * (2 * 9 * channels**2) + 28 * 28 * (channels**2 + channels * 8)
    assert macs['roi_head.bbox_head'] == boxes
    assert macs['roi_head.mask_head'] == 20 * convs
    assert macs['roi_head'] == boxes + 20 * convs


@pytest.mark.parametrize('family', ['panoptic-deeplab', 'maskformer'])
def test_a_row_is_the_base_the_host_and_the_relation(tools, repo, family):
    path = repo / 'configs' / 'pisr' / f'pisr_{family}_r18_1200-iter_scenes.py'

    base, host, relation = tools.count(path, (64, 96))

    assert base < base + relation < host
    line = tools.cells('x', (64, 96), tools.Counts(10**9, 4 * 10**9, 10**9))
    assert line == '| x | 64 x 96 | 1.0 | 4.0 | 3.0 | 1.0 | 2.0 |'


@pytest.mark.slow
def test_pisr_adds_no_more_to_maskformer_than_in_the_paper(tools, repo):
    name, size = tools.ROWS['MaskFormer R-50, COCO']

    base, host, _ = tools.count(repo / 'configs' / 'pisr' / f'pisr_{name}.py', size)

    assert base / 1e9 == pytest.approx(108.8, abs=0.05)
    assert (host - base) / 1e9 <= 19.4
