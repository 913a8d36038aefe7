import json
import os
import pickle

import pytest

from mmpisr.apis.demo import conclusion, run_demo
from mmpisr.apis.launch import evaluate
from mmpisr.datasets import PanopticScenes

NAME = 'panoptic-deeplab_r18_1200-iter_scenes.py'
OPTIONS = {
    'train_cfg.max_iters': 2,
    'default_hooks.logger.interval': 1,
    'default_hooks.checkpoint.interval': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
}


@pytest.fixture(scope='module')
def settings(repo, tmp_path_factory) -> dict:
    """A demo of two iterations."""
    folder = tmp_path_factory.mktemp('demo')
    return dict(
        configs={
            'base': repo / 'configs' / 'panoptic_deeplab' / NAME,
            'base + PISR': repo / 'configs' / 'pisr' / f'pisr_{NAME}',
        },
        script=repo / 'tools' / 'train.py',
        data_root=folder / 'scenes',
        out=folder / 'out',
        num_scenes=(8, 4),
        options=OPTIONS,
    )


@pytest.fixture(scope='module')
def summary(settings) -> dict:
    """What the first run of the demo gives."""
    return run_demo(**settings)


@pytest.mark.slow
def test_the_demo_leaves_a_summary_pictures_and_a_chart(summary, settings):
    written = json.loads((settings['out'] / 'summary.json').read_text())

    assert set(written['models']) == set(settings['configs'])
    for name, model in written['models'].items():
        assert model['metrics'] == summary['models'][name]['metrics']
        assert set(model['class_pq']) == set(PanopticScenes.METAINFO['classes'])
        assert not os.path.isabs(model['checkpoint'])
        assert {'PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU', 'relation_acc'} <= set(
            model['metrics']
        )
    assert len(list(settings['out'].glob('picture_*.png'))) == 4
    assert (settings['out'] / 'reweighting_scores.png').is_file()
    assert (settings['out'] / 'predicted/overlay/000000.jpg').is_file()


@pytest.mark.slow
def test_the_demo_leaves_no_second_config_of_one_name(summary, settings):
    # mim searches a checkout for a bare name, work_dirs included
    assert not list(settings['out'].rglob(f'*{NAME}'))


@pytest.mark.slow
def test_a_repeated_demo_trains_nothing_and_finds_the_same(summary, settings, capsys):
    again = run_demo(**settings)

    assert again['models'] == summary['models']
    printed = capsys.readouterr().out
    assert '2/2 runs | iteration 4/4' in printed
    assert '4/4' in printed  # the bar of the evaluation
    assert 'difference' in printed
    assert conclusion(*(m['metrics'] for m in again['models'].values())) in printed


@pytest.mark.slow
def test_the_test_tool_draws_and_dumps_every_image(summary, settings, tmp_path):
    model = summary['models']['base + PISR']
    dump = tmp_path / 'out.pkl'
    options = {**OPTIONS, 'data_root': settings['data_root']}

    evaluate(
        [
            model['config'],
            model['checkpoint'],
            *('--work-dir', str(tmp_path), '--show-dir', 'drawn', '--out', str(dump)),
            '--cfg-options',
            *(f'{key}={value}' for key, value in options.items()),
        ]
    )

    assert len(list(tmp_path.glob('*/drawn/*.png'))) == 4
    assert len(pickle.loads(dump.read_bytes())) == 4
