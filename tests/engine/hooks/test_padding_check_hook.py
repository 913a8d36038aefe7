from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmpisr.engine.hooks import PaddingCheckHook


def make_runner(*steps):
    pipeline = [dict(type='LoadImageFromFile'), *steps]
    loader = dict(dataset=dict(type='CocoDataset', pipeline=pipeline))
    return SimpleNamespace(cfg=Config(dict(train_dataloader=loader)))


@pytest.mark.parametrize('moment', ['before_train', 'before_test'])
@pytest.mark.parametrize('name', ['Pad', 'mmdet.Pad'])
def test_a_pipeline_that_pads_stops_the_run(moment, name):
    runner = make_runner(
        dict(type='RandomApply', transforms=[dict(type=name, size=(8, 8))])
    )

    with pytest.raises(ValueError, match=r'pipeline\[1\]\.transforms\[0\] is a Pad'):
        getattr(PaddingCheckHook(), moment)(runner)


def test_other_pipelines_and_loaders_without_a_dataset_pass():
    runner = make_runner(dict(type='PackDetInputs'))
    runner.cfg.val_dataloader = None

    PaddingCheckHook().before_train(runner)
