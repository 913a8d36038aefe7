import json

import pytest

from mmpisr.apis.demo import run_demo

NAME = 'panoptic-deeplab_r18_600-iter_scenes.py'
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


@pytest.mark.slow
def test_the_demo_runs_through_and_can_be_repeated(repo, tmp_path, capsys):
    configs = {
        'base': repo / 'configs' / 'panoptic_deeplab' / NAME,
        'base + PISR': repo / 'configs' / 'pisr' / f'pisr_{NAME}',
    }
    settings = dict(
        script=repo / 'tools' / 'train.py',
        data_root=tmp_path / 'scenes',
        out=tmp_path / 'demo',
        num_scenes=(8, 4),
        options=OPTIONS,
    )

    summary = run_demo(configs, **settings)

    printed = capsys.readouterr().out
    assert 'base 2/2 | base + PISR 2/2' in printed
    assert 'difference' in printed
    written = json.loads((tmp_path / 'demo' / 'summary.json').read_text())
    assert set(written['models']) == set(configs)
    assert written['models']['base']['metrics']['PQ'] == pytest.approx(
        summary['models']['base']['metrics']['PQ'], nan_ok=True
    )
    assert len(list((tmp_path / 'demo').glob('picture_*.png'))) == 4
    assert (tmp_path / 'demo' / 'reweighting_scores.png').is_file()

    again = run_demo(configs, **settings)

    assert again['models'] == summary['models']
