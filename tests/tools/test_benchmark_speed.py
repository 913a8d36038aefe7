"""The benchmark of speed as a command."""

import importlib
import sys

import pytest
import yaml


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
def listed(repo, tmp_path):
    """Two models of one config, with other options."""
    config = str(repo / 'configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py')
    models = [
        dict(name=f'PISR, {c} channels', config=config, options=dict(model=model))
        for c in (16, 32)
        for model in [dict(relation=dict(channels=c))]
    ]
    path = tmp_path / 'models.yaml'
    path.write_text(yaml.safe_dump(dict(models=models)))
    return path


def test_models_of_a_list_stand_beside_a_config(run, base, listed, tmp_path):
    flags = ('--shape', 64, 96, '--turns', 2, '--work', 'predict')
    labels = (base.stem, 'PISR, 16 channels')
    out = tmp_path / 'docs' / 'speed.md'

    text = run(base, listed, *flags, '--only', *labels, '--out', out)

    rows = [line.split(' | ') for line in text.splitlines() if line.startswith('| ')]
    assert [row[0] for row in rows[2:]] == [f'| {label}' for label in labels]
    assert float(rows[2][1]) < float(rows[3][1])
    assert "--only panoptic-deeplab_r18_1200-iter_scenes 'PISR, 16 channels'" in text
    assert '## Prediction' in text
    assert '## Training step' not in text
    assert out.read_text() == text.removesuffix('\n')


def test_an_unknown_name_is_refused(run, listed):
    with pytest.raises(ValueError, match=r"--only \['PISA'\].*'PISR, 16 channels'"):
        run(listed, '--shape', 64, 96, '--only', 'PISA')


def test_a_model_without_a_config_is_refused(run, listed):
    listed.write_text('models: [{name: ours}]')
    with pytest.raises(ValueError, match=r"models\.yaml: models\[0\] lacks \['config'"):
        run(listed, '--shape', 64, 96)


def test_two_models_of_one_name_are_refused(run, base):
    with pytest.raises(ValueError, match=r"\['panoptic-deeplab_r18.*several models"):
        run(base, base, '--shape', 64, 96)


def test_a_work_that_no_model_does_is_refused(run, repo):
    path = repo / 'configs' / 'maskformer' / 'maskformer_r18_1200-iter_scenes.py'
    with pytest.raises(ValueError, match=r"--work postprocess .* \['maskformer_r18"):
        run(path, '--shape', 64, 96, '--work', 'postprocess')


@pytest.mark.parametrize('flags', [('--turns', 0), ('--batch', 0), ('--instances', 0)])
def test_nothing_to_do_is_refused(run, base, flags, capsys):
    with pytest.raises(SystemExit):
        run(base, '--shape', 64, 96, *flags)
    assert f'{flags[0]} is 0, expected at least 1' in capsys.readouterr().err
