"""``mmpisr try``: one command trains, compares and concludes."""

import json

import numpy as np
import pytest
from generate_scenes import generate_scenes
from mmengine.config import Config

from mmpisr.apis import trial
from mmpisr.apis.trial import BASE, PISR, TOLD, Gain, main, verdict


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> str:
    """A few small scenes."""
    folder = tmp_path_factory.mktemp('scenes')
    generate_scenes(folder, num_train=8, num_val=5, size=(64, 96), workers=1)
    return str(folder)


@pytest.mark.slow
def test_a_trial_leaves_configs_models_pictures_and_a_conclusion(
    scenes, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(trial, 'PROBE', 2)
    monkeypatch.setattr(trial, '_iterations', lambda *_: 2)
    flags = [scenes, '--out', str(tmp_path), '--seeds', '2']

    main(flags)
    printed = capsys.readouterr().out
    main(flags)  # an interrupted trial goes on

    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert {name: [*of] for name, of in summary['scores'].items()} == {
        name: ['0', '1'] for name in (BASE, TOLD, PISR)
    }
    gains = [
        summary['scores'][PISR][s]['PQ'] - summary['scores'][BASE][s]['PQ']
        for s in '01'
    ]
    assert summary['gains'][PISR][0] == pytest.approx(np.mean(gains))
    sentences = [
        verdict(Gain(*summary['gains'][PISR]), 2),
        trial.bound_text(Gain(*summary['gains'][TOLD])),
    ]
    assert summary['conclusion'] == ' '.join(sentences)
    assert all(sentence in printed for sentence in sentences)
    assert len([*tmp_path.glob('picture_*.png')]) == 4
    pisr = Config.fromfile(tmp_path / 'pisr_panoptic-deeplab_r18-slim_data.py')
    assert pisr.max_iters == 2
    assert pisr.model.type == 'mmpisr.PISRPanopticDeepLab'
    with pytest.raises(SystemExit, match=r"'seeds': 2.*not .*'seeds': 3"):
        main([*flags[:-1], '3'])


@pytest.mark.parametrize(
    ('differences', 'iterations', 'begin'),
    [
        ([2.0, 2.1, 1.9], 900, 'Worth it here'),
        ([2.0, 2.1, 1.9], 100, 'Worth it here'),
        ([-0.1, 0.1, 0.0], 900, 'Not worth it here'),
        ([-0.1, 0.1, 0.0], 590, 'Not decided by so short trainings'),
        ([4.0, -1.0, 3.0], 900, 'Not decided by so little data'),
        ([9.0], 900, 'Not decided by so little data'),
    ],
)
def test_the_verdict_follows_from_the_interval(differences, iterations, begin):
    assert verdict(Gain.of(differences), iterations).startswith(begin)


def test_the_interval_is_that_of_students_t():
    gain = Gain.of([1.0, 2.0, 4.0])
    half = 4.302653 * np.std([1.0, 2.0, 4.0], ddof=1) / np.sqrt(3)  # t(0.975, 2)
    assert gain == pytest.approx((7 / 3, 7 / 3 - half, 7 / 3 + half), rel=1e-6)


def test_one_seed_has_no_interval():
    assert str(Gain.of([2.0])) == '+2.00 PQ (one seed, so no interval)'


def test_too_short_a_time_names_one_that_is_enough():
    with pytest.raises(ValueError, match='2 minutes .*for 40 iterations.*--minutes 5'):
        trial._iterations(2, 0.5)


def test_data_without_a_val_is_refused(scenes, tmp_path):
    (tmp_path / 'annotations').mkdir()
    with pytest.raises(SystemExit, match=r'^mmpisr try: tools/.*write_configs.py'):
        main([str(tmp_path), '--out', str(tmp_path / 'out')])
