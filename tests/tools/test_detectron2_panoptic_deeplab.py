import pickle
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


def test_a_pickle_of_arrays_becomes_a_safe_checkpoint(path, tmp_path, monkeypatch):
    source, target = tmp_path / 'R-52.pkl', tmp_path / 'r52.pth'
    arrays = {'stem.conv1.weight': np.ones((2, 3), np.float32), 'stem.fc.bias': 0.0}
    source.write_bytes(pickle.dumps(dict(model=arrays, __author__='somebody')))
    monkeypatch.setattr(sys, 'argv', [path, str(source), str(target)])

    runpy.run_path(path, run_name='__main__')

    state = torch.load(target, weights_only=True)['state_dict']
    assert state.keys() == {'stem.0.weight'}
    assert state['stem.0.weight'].tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_pickle_that_runs_code_is_refused(tool, tmp_path):
    source = tmp_path / 'evil.pkl'
    source.write_bytes(pickle.dumps(dict(model=print)))
    with pytest.raises(pickle.UnpicklingError, match='print'):
        tool['read_weights'](source)
