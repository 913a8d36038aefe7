import numpy as np
import pandas as pd
import pytest
import torch
from evidence.explanation import TrainedSeeds, class_differences, write_explanation
from evidence.scoring import ScoredModel
from generate_scenes import generate_scenes
from mmengine.registry import init_default_scope
from tiny_hosts import CONFIGS, build

from mmpisr.evaluation.score_table import ScoreTable

CATEGORIES = [dict(name='car', isthing=1), dict(name='road', isthing=0)]
FAMILIES = 'panoptic-deeplab', 'panoptic-fpn', 'maskformer'


def table(iou):
    """One image with one matched car and one matched road, both of that IoU."""
    records = np.zeros((1, 2, 4))
    records[..., 0] = iou
    records[..., 1] = 1  # true positives
    return ScoreTable([0], CATEGORIES, None, dict(pq=records))


def config_of(family, host):
    name = f'{family}_r18_1200-iter_scenes.py'
    folder, prefix = ('pisr', 'pisr_') if host else (family.replace('-', '_'), '')
    return CONFIGS / folder / f'{prefix}{name}'


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scenes')
    generate_scenes(folder, num_train=1, num_val=2, size=(64, 96), workers=1)
    yield folder
    init_default_scope('mmdet')


@pytest.fixture(scope='module')
def trained(scenes, tmp_path_factory):
    """Two seeds of random weights of a family."""
    folder = tmp_path_factory.mktemp('checkpoints')

    def trained(family, host):
        paths = {}
        for seed in (0, 1):
            model = build(family, host=host, seed=seed)
            paths[seed] = folder / f'{family}-{host}-{seed}.pth'
            torch.save(dict(state_dict=model.state_dict()), paths[seed])
        label = 'PISR' if host else 'base'
        options = dict(data_root=f'{scenes}/')
        return TrainedSeeds(label, config_of(family, host), paths, options)

    return trained


def test_the_difference_of_a_class_is_the_mean_over_seeds():
    ours, theirs = {0: table(0.9), 1: table(0.7)}, {0: table(0.5), 1: table(0.5)}

    found = class_differences(ours, theirs)

    expected = pd.Series(30.0, index=found.index)
    pd.testing.assert_series_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_the_page_has_a_row_for_each_condition_on_any_host(family, trained, tmp_path):
    page = write_explanation(
        [trained(family, True), trained(family, False)],
        page=tmp_path / 'why.md',
        command='python explain.py',
    )

    first, *others = page.read_text().split('\n## ')
    rows = [line.split(' | ') for line in first.splitlines() if '| ' in line]
    swapped = [
        f'| PISR, {part} of another image'
        for part in ('encodings', 'class encodings', 'instance encodings')
    ]
    names = ['| base', '| base, told the classes']
    names += ['| PISR', '| PISR, told the classes', *swapped]
    assert [row[0] for row in rows[2:]] == names
    assert [row[-1].split(' to ')[-1] for row in rows[2:]] == (
        ['- |', 'base |', 'base |'] + ['PISR |'] * 4
    )
    assert (tmp_path / 'why.svg').is_file()
    quality, confused, reweighting, origin = others
    assert quality.startswith('PQ of each class')
    assert confused.startswith('Which classes are confused')
    assert '| classes | base | PISR | difference [95 %] |' in confused
    assert reweighting.startswith('Reweighting scores')
    assert '| absent classes | ' in reweighting
    assert 'seeds 0, 1' in origin


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth'):
        ScoredModel(config_of('panoptic-deeplab', True), tmp_path / 'none.pth')


def test_a_checkpoint_of_another_model_is_refused(trained):
    path = trained('panoptic-deeplab', False).checkpoints[0]
    with pytest.raises(RuntimeError, match='missing keys .*relation'):
        ScoredModel(config_of('panoptic-deeplab', True), path)


def test_a_config_that_measures_no_pq_is_refused(trained):
    config = config_of('panoptic-deeplab', True)
    path = trained('panoptic-deeplab', True).checkpoints[0]
    options = {'test_evaluator.type': 'CocoMetric'}
    with pytest.raises(ValueError, match=r"test_evaluator is \['CocoMetric'\]"):
        ScoredModel(config, path, options=options)
