"""One option moves a whole config to another folder."""

import pytest
from mmengine.config import Config

from mmpisr.datasets import merge_options


@pytest.fixture
def cfg():
    loader = dict(dataset=dict(data_root='data/x/', ann_file='a.json', other='data/xy'))
    return Config(
        dict(
            data_root='data/x/',
            work_dir='data/x/work',
            train_dataloader=loader,
            val_evaluator=[dict(ann_file='data/x/val.json', seg_prefix='data/x/val/')],
            test_evaluator=None,
        )
    )


@pytest.mark.parametrize('new', ['/tmp/y', '/tmp/y/'])
def test_data_root_moves_datasets_and_metrics_only(cfg, new):
    merge_options(cfg, dict(data_root=new))

    assert cfg.data_root == new
    assert cfg.train_dataloader.dataset == dict(
        data_root='/tmp/y/', ann_file='a.json', other='data/xy'
    )
    assert cfg.val_evaluator == [
        dict(ann_file='/tmp/y/val.json', seg_prefix='/tmp/y/val/')
    ]
    assert cfg.work_dir == 'data/x/work'


def test_a_more_specific_option_wins(cfg):
    option = {'train_dataloader.dataset.data_root': 'mine', 'data_root': '/tmp/y'}
    merge_options(cfg, option)

    assert cfg.train_dataloader.dataset.data_root == 'mine'
    assert cfg.val_evaluator[0].ann_file == '/tmp/y/val.json'


@pytest.mark.parametrize('options', [None, {}, dict(work_dir='w')])
def test_without_data_root_options_are_merged_as_ever(cfg, options):
    merge_options(cfg, options)

    assert cfg.train_dataloader.dataset.data_root == 'data/x/'
    assert cfg.work_dir == (options or {}).get('work_dir', 'data/x/work')


def test_several_roots_are_refused_naming_them(cfg):
    cfg.val_dataloader = dict(dataset=dict(data_root='data/z/'))

    with pytest.raises(ValueError, match=r"'/tmp/y'.*\['data/x/', 'data/z/'\]"):
        merge_options(cfg, dict(data_root='/tmp/y'))
