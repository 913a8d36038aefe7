"""The benchmark of speed as a command."""

import importlib
import sys

import pytest
import yaml

from mmpisr.studies.records import RunRecords
from mmpisr.studies.results import StudyResults
from mmpisr.studies.study_file import read_study


@pytest.fixture
def run(repo, monkeypatch, capsys):
    """Call the tool; give its page, or its message where it ends."""
    monkeypatch.syspath_prepend(repo / 'tools' / 'analysis_tools')
    tool = importlib.import_module('benchmark_speed')

    def call(*flags):
        monkeypatch.setattr(sys, 'argv', ['benchmark_speed.py', *map(str, flags)])
        tool.main()
        return capsys.readouterr().out

    return call


@pytest.fixture
def base(repo):
    folder = repo / 'configs' / 'panoptic_deeplab'
    return folder / 'panoptic-deeplab_r18_1200-iter_scenes.py'


@pytest.fixture
def study(repo):
    return repo / 'configs' / 'studies' / 'cost_scenes.yaml'


def test_variants_of_a_study_stand_beside_a_config(run, base, study, tmp_path):
    flags = ('--shape', 64, 96, '--turns', 2, '--work', 'predict')
    labels = (base.stem, 'PISR, 16 channels')
    out = tmp_path / 'docs' / 'speed.md'

    text = run(base, study, *flags, '--only', *labels, '--out', out)

    rows = [line.split(' | ') for line in text.splitlines() if line.startswith('| ')]
    assert [row[0] for row in rows[2:]] == [f'| {label}' for label in labels]
    assert float(rows[2][1]) < float(rows[3][1])
    assert "--only panoptic-deeplab_r18_1200-iter_scenes 'PISR, 16 channels'" in text
    assert '## Prediction' in text
    assert '## Training step' not in text
    assert out.read_text() == text.removesuffix('\n')


def test_the_ratios_of_a_study_are_kept_for_its_report(run, base, tmp_path):
    path = tmp_path / 'tiny.yaml'
    options = {'train_cfg.max_iters': 5}
    variants = dict(label='base'), dict(label='other', options=options)
    content = dict(name='tiny', config=str(base), seeds=[0], variants=[*variants])
    path.write_text(yaml.safe_dump(content))

    flags = ('--shape', 64, 96, '--turns', 2, '--work', 'network', 'predict')
    run(path, *flags, '--records', tmp_path / 'runs')

    results = StudyResults(read_study(path), RunRecords(tmp_path / 'runs'))
    assert results.time_ratio('base', 'predict_time') == 1
    assert results.time_ratio('other', 'predict_time') > 0
    assert results.time_ratio('base', 'train_time') is None


@pytest.mark.parametrize(
    'flags', [('--only', 'OCR'), ('--cfg-options', 'model.relation.channels=4')]
)
def test_parts_of_a_study_are_not_kept(run, study, tmp_path, flags, capsys):
    with pytest.raises(SystemExit):
        run(study, '--shape', 64, 96, '--records', tmp_path, *flags)
    assert '--records is for one whole study' in capsys.readouterr().err


def test_an_unknown_label_is_refused(run, study):
    with pytest.raises(ValueError, match=r"--only \['PISA'\].*'base, R-18', 'base, R"):
        run(study, '--shape', 64, 96, '--only', 'PISA')


def test_two_models_of_one_name_are_refused(run, base):
    with pytest.raises(ValueError, match=r"\['panoptic-deeplab_r18.*several models"):
        run(base, base, '--shape', 64, 96)


def test_work_that_is_not_kept_is_not_recorded(run, study, tmp_path, capsys):
    flags = ('--shape', 64, 96, '--work', 'network', '--records', tmp_path)
    with pytest.raises(SystemExit):
        run(study, *flags)
    assert "keeps ['predict', 'train'], but --work is ['network']" in (
        capsys.readouterr().err
    )


def test_a_work_that_no_model_does_is_refused(run, repo):
    path = repo / 'configs' / 'maskformer' / 'maskformer_r18_1200-iter_scenes.py'
    with pytest.raises(ValueError, match=r"--work postprocess .* \['maskformer_r18"):
        run(path, '--shape', 64, 96, '--work', 'postprocess')


@pytest.mark.parametrize('flags', [('--turns', 0), ('--batch', 0), ('--instances', 0)])
def test_nothing_to_do_is_refused(run, base, flags, capsys):
    with pytest.raises(SystemExit):
        run(base, '--shape', 64, 96, *flags)
    assert f'{flags[0]} is 0, expected at least 1' in capsys.readouterr().err
