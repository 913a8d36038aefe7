import subprocess
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from mmpisr import check_env
from mmpisr.check_env import Row, inspect, report, requirements


def run(
    repo, tmp_path, command=('mmpisr.check_env',), **modules: str
) -> subprocess.CompletedProcess:
    """Check an environment in which some modules are replaced by source text."""
    for name, source in modules.items():
        (tmp_path / f'{name}.py').write_text(source)
    return subprocess.run(
        [sys.executable, '-m', *command],
        env=dict(PYTHONPATH=f'{tmp_path}:{repo}'),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize('error', ['ImportError', 'RuntimeError', 'SystemExit'])
def test_a_package_that_cannot_be_imported_is_reported_whatever_it_raises(
    repo, tmp_path, error
):
    done = run(repo, tmp_path, mmcv=f'raise {error}("no ops")', mmdet='1 / 0')

    assert done.returncode == 1, done.stderr
    assert f'broken: {error}: no ops' in done.stdout
    assert 'broken: ZeroDivisionError' in done.stdout
    assert 'pip install --force-reinstall' in done.stdout


def test_a_python_outside_the_environment_is_named(tmp_path):
    found = Row('numpy', '2.2', '>=2', 'ok')
    rows = [Row('torch', '-', '>=2.6', 'missing'), found]

    sentence = check_env.outside(rows)

    assert sentence.startswith(f'{sys.executable} is outside the environment of mmpisr')
    assert 'it has no torch. ' in sentence
    assert 'make setup' in sentence
    assert check_env.outside([found]) == ''


def test_a_python_that_cannot_read_requirements_gets_a_sentence(monkeypatch):
    def fail(module):
        raise ImportError("No module named 'pip'")

    monkeypatch.setattr(check_env, '_packaging', fail)

    with pytest.raises(SystemExit, match=r"No module named 'pip'\); run `make setup`"):
        check_env.main([])


@pytest.mark.parametrize('command', [['mmpisr.check_env'], ['mmpisr', 'check-env']])
def test_the_check_runs_where_mmengine_is_missing(repo, tmp_path, command):
    missing = "No module named 'mmengine'"
    source = f'raise ModuleNotFoundError("{missing}", name="mmengine")'

    done = run(repo, tmp_path, command, mmengine=source)

    assert done.returncode == 1, done.stderr
    assert missing in done.stdout


@pytest.mark.parametrize(
    'source',
    ['raise OSError("half installed")', 'import a_package_that_mmengine_needs'],
)
def test_a_broken_mmengine_shows_its_own_error(repo, tmp_path, source):
    done = run(repo, tmp_path, mmengine=source)

    assert done.returncode == 1
    assert source.split('"')[-2 if '"' in source else 0].split()[-1] in done.stderr


def test_the_environment_of_the_tests_has_all_that_is_needed(repo, tmp_path):
    done = run(repo, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_needed_package_is_asked_for_once_and_comes_before_the_optional_ones():
    rows = [(requirement.name, extra) for requirement, extra in requirements()]
    names = [name for name, _ in rows]

    assert len(set(names)) == len(names)
    assert names[0] == 'torch'
    assert {'onedl-mmcv', 'onedl-mmdetection', 'hotcoco', 'numpy'} <= set(names)
    optional = [extra in check_env.OPTIONAL_EXTRAS for _, extra in rows]
    assert optional == sorted(optional)


@pytest.mark.parametrize(
    ('spec', 'status'),
    [('>=2', 'ok'), ('>=9', 'too old'), ('<1', 'too new'), ('~=1.0', 'too new')],
)
def test_a_version_is_ok_too_old_or_too_new(monkeypatch, spec, status):
    monkeypatch.setattr(metadata, 'version', lambda name: '2.13.0+cpu')

    assert inspect(Requirement(f'numpy{spec}'), 'tests').status == status


def test_a_missing_package_comes_with_the_command_that_installs_it():
    row = inspect(Requirement('onedl-mmcv-not-here~=2.3'))

    assert (row.status, row.found) == ('missing', '-')
    assert row.command == f"{sys.executable} -m pip install 'onedl-mmcv-not-here~=2.3'"


def test_mmcv_is_installed_against_the_torch_that_is_there():
    command = check_env._fix(Requirement('onedl-mmcv~=2.3.6'), 'mminstall', 'missing')

    assert '--no-build-isolation' in command


def test_the_report_keeps_what_is_optional_apart():
    rows = [
        Row('a', '1', '>=2', 'too old', 'fix a'),
        Row('b', '-', 'any', 'missing', 'fix b', True),
    ]

    text = report(rows)

    assert 'missing (optional)' in text
    assert text.endswith('To fix it:\nfix a\n\nOptional:\nfix b')
