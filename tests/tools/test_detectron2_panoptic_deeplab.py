import pickle
import re
import runpy
import sys

import numpy as np
import pytest
import torch


@pytest.fixture(scope='module')
def path(repo):
    return str(repo / 'tools/model_converters/detectron2_panoptic_deeplab.py')


@pytest.fixture(scope='module')
def tool(path):
    return runpy.run_path(path)


@pytest.mark.parametrize(
    ('theirs', 'ours'),
    [
        ('backbone.stem.conv2.weight', 'backbone.stem.3.weight'),
        ('backbone.stem.conv2.norm.bias', 'backbone.stem.4.bias'),
        ('backbone.res5.0.conv3.weight', 'backbone.layer4.0.conv3.weight'),
        ('backbone.res2.1.conv1.norm.bias', 'backbone.layer1.1.bn1.bias'),
        ('backbone.res3.0.shortcut.weight', 'backbone.layer2.0.downsample.0.weight'),
        (
            'backbone.res3.0.shortcut.norm.running_var',
            'backbone.layer2.0.downsample.1.running_var',
        ),
        (
            'sem_seg_head.decoder.res5.project_conv.convs.1.depthwise.norm.weight',
            'neck.semantic.aspp.branches.1.depthwise_conv.bn.weight',
        ),
        (
            'ins_embed_head.decoder.res5.project_conv.convs.4.1.bias',
            'neck.instance.aspp.pool.conv.bias',
        ),
        (
            'ins_embed_head.decoder.res3.fuse_conv.pointwise.weight',
            'neck.instance.fusions.1.pointwise_conv.conv.weight',
        ),
        (
            'ins_embed_head.center_head.1.norm.bias',
            'panoptic_head.center_head.1.bn.bias',
        ),
        (
            'ins_embed_head.offset_predictor.bias',
            'panoptic_head.offset_predictor.bias',
        ),
    ],
)
def test_names_by_hand(tool, theirs, ours):
    assert tool['convert_name'](theirs) == ours


def test_rows_of_things_come_first(tool):
    rows = torch.arange(5.0)  # stuff 0, 1, 2, then things 3, 4
    state = {'sem_seg_head.predictor.bias': rows}

    (bias,) = tool['convert_state_dict'](state, trailing_things=2).values()

    assert bias.tolist() == [3, 4, 0, 1, 2]


def test_another_shape_is_an_error_with_both(tool):
    state = {'backbone.stem.conv1.weight': torch.zeros(64, 3, 3, 3)}
    expected = {'backbone.stem.0.weight': torch.zeros(32, 3, 3, 3)}
    with pytest.raises(ValueError, match=r'\(64, 3, 3, 3\).*\(32, 3, 3, 3\)'):
        tool['convert_state_dict'](state, expected=expected)


def test_a_count_of_updates_may_be_missing(tool):
    state = {'backbone.stem.conv1.weight': torch.zeros(2)}
    expected = {
        'backbone.stem.0.weight': torch.zeros(2),
        'backbone.stem.1.num_batches_tracked': torch.zeros(()),
    }

    assert tool['convert_state_dict'](state, expected=expected)


@pytest.fixture
def convert(tool, path, tmp_path, monkeypatch):
    """Run the tool on arrays with the given names and shapes."""

    def run(arrays) -> dict:
        source, target = tmp_path / 'R-52.pkl', tmp_path / 'r52.pth'
        source.write_bytes(pickle.dumps(dict(model=arrays, __author__='somebody')))
        monkeypatch.setattr(sys, 'argv', [path, str(source), str(target)])
        runpy.run_path(path, run_name='__main__')
        return torch.load(target, weights_only=True)['state_dict']

    return run


@pytest.fixture
def backbone_arrays(tool):
    """detectron2's names of every tensor of the R-52 backbone, with our shapes."""
    ours = tool['expected_state'](tool['CONFIG'], backbone_only=True)
    shortcuts = {'downsample.0': 'shortcut', 'downsample.1': 'shortcut.norm'}
    arrays = {'stem.fc.bias': np.zeros(1000, np.float32)}
    for name, value in ours.items():
        theirs = re.sub(r'layer(\d)', lambda m: f'res{int(m[1]) + 1}', name)
        theirs = re.sub(r'bn(\d)', r'conv\1.norm', theirs)
        theirs = re.sub(r'downsample\.\d', lambda m: shortcuts[m[0]], theirs)
        theirs = re.sub(
            r'stem\.([036])', lambda m: f'stem.conv{int(m[1]) // 3 + 1}', theirs
        )
        theirs = re.sub(
            r'stem\.([147])', lambda m: f'stem.conv{int(m[1]) // 3 + 1}.norm', theirs
        )
        arrays[theirs] = np.ones(value.shape, np.float32)
    return arrays


def test_a_pickle_of_arrays_becomes_a_safe_checkpoint(convert, backbone_arrays):
    state = convert(backbone_arrays)

    assert state['stem.0.weight'].shape == (64, 3, 3, 3)
    assert 'layer4.2.bn3.running_var' in state


def test_a_tensor_that_is_missing_writes_nothing(convert, backbone_arrays, tmp_path):
    del backbone_arrays['res3.0.shortcut.weight']

    with pytest.raises(ValueError, match='lacks.*layer2.0.downsample.0.weight'):
        convert(backbone_arrays)
    assert not (tmp_path / 'r52.pth').exists()


def test_a_pickle_that_runs_code_is_refused(tool, tmp_path):
    source = tmp_path / 'evil.pkl'
    source.write_bytes(pickle.dumps(dict(model=print)))
    with pytest.raises(pickle.UnpicklingError, match='print'):
        tool['read_weights'](source)
