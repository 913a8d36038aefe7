"""Wheels, editable installs, and ``mim`` with both.

The environments see the packages of the one that runs the tests through a ``.pth``
file, so that nothing but mmpisr has to be installed in them.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import yaml

SUPPORT = Path(__file__).parent / 'support'
TOY = str(SUPPORT / 'toy_config.py')
BARE = 'toy-by-its-bare-name.py'
NOT_SOURCE = '.*', 'data', 'work_dirs', 'build', 'dist', '*.egg-info', '__pycache__'
OFFLINE = '--no-index', '--no-deps', '--no-build-isolation', '--ignore-installed'


def call(python: Path | str, *args: str, cwd: Path) -> str:
    """Run Python with the toy importable, but not this checkout; return its output."""
    env = dict(os.environ, PYTHONPATH=str(SUPPORT), OMP_NUM_THREADS='1')
    done = subprocess.run(
        [str(python), *args],
        env=env,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope='module')
def source(repo, tmp_path_factory) -> Path:
    """Copy the checkout, with one more config in it."""
    source = tmp_path_factory.mktemp('copy') / 'mmpisr'  # as a clone is named
    shutil.copytree(repo, source, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    shutil.copy(TOY, source / 'configs' / 'pisr' / BARE)
    return source


@pytest.fixture(scope='module')
def wheel(source) -> Path:
    """Build a wheel in the copy."""
    call(sys.executable, '-m', 'pip', 'wheel', '.', *OFFLINE[:3], '-w', 'w', cwd=source)
    return next((source / 'w').glob('mmpisr-*.whl'))


@pytest.fixture(scope='module', params=['wheel', 'editable'])
def python(request, source, tmp_path_factory) -> Path:
    """Install mmpisr in a new environment; return its Python."""
    env = tmp_path_factory.mktemp(request.param)
    call(sys.executable, '-m', 'venv', '--without-pip', str(env), cwd=env)
    paths = sysconfig.get_paths(vars=dict(base=str(env), platbase=str(env)))
    site = sysconfig.get_path('purelib')
    Path(paths['purelib'], 'parent.pth').write_text(site)
    python = env / 'bin' / 'python'
    if request.param == 'wheel':
        what = [str(request.getfixturevalue('wheel'))]
    else:
        what = ['-e', str(source)]
    call(python, '-m', 'pip', 'install', *OFFLINE, *what, cwd=env)
    return python


@pytest.mark.slow
@pytest.mark.parametrize('config', [TOY, BARE], ids=['path', 'bare name'])
def test_mim_trains_and_tests_a_config_that_inherits_ours(python, config, tmp_path):
    out = ['--work-dir', 'out']

    trained = call(python, '-m', 'mim', 'train', 'mmpisr', config, *out, cwd=tmp_path)
    assert 'Training finished successfully' in trained

    flags = ['--checkpoint', 'out/iter_2.pth', *out]
    tested = call(python, '-m', 'mim', 'test', 'mmpisr', config, *flags, cwd=tmp_path)
    assert 'Testing finished successfully' in tested
    assert 'mean: 2.4' in tested


@pytest.mark.slow
@pytest.mark.parametrize('python', ['editable'], indirect=True)
def test_mim_finds_a_bare_name_again_after_training_in_the_checkout(source, python):
    for _ in range(2):
        call(python, '-m', 'mim', 'train', 'mmpisr', BARE, cwd=source)

    assert not list(source.glob('*.egg-info'))


@pytest.mark.slow
def test_the_package_is_found_from_the_folder_above_a_clone(source, python):
    code = 'import mmpisr; print(mmpisr.__version__, mmpisr.add_relation)'

    assert 'function add_relation' in call(python, '-c', code, cwd=source.parent)


@pytest.mark.slow
def test_the_command_is_installed(python, tmp_path):
    command = python.with_name('mmpisr')

    done = subprocess.run([command, '--help'], cwd=tmp_path, capture_output=True)

    assert done.returncode == 0, done.stderr
    assert b'predict' in done.stdout


@pytest.mark.slow
def test_the_environment_check_reads_its_needs_from_the_installed_metadata(
    python, tmp_path
):
    report = call(python, '-m', 'mmpisr.check_env', cwd=tmp_path)

    assert 'onedl-mmcv' in report
    assert 'panopticapi-lite' in report


def carried(wheel: Path, folder: str) -> set[str]:
    """List the files below a folder of a wheel."""
    names = zipfile.ZipFile(wheel).namelist()
    return {n.removeprefix(folder) for n in names if n.startswith(folder)}


@pytest.mark.slow
@pytest.mark.parametrize('folder', ['mmpisr/.mim/', '+mmpisr_mim/.mim/'])
def test_a_wheel_carries_configs_tools_and_index(source, wheel, folder):
    files = [p for name in ('configs', 'tools') for p in (source / name).rglob('*.*')]
    expected = {
        str(p.relative_to(source)) for p in files if '__pycache__' not in str(p)
    }

    assert carried(wheel, folder) == expected | {'model-index.yml'}


@pytest.mark.slow
@pytest.mark.parametrize('python', ['wheel'], indirect=True)
def test_a_converter_of_a_wheel_runs_where_it_is_installed(python, tmp_path):
    code = 'from mmpisr.mim import mim_root; print(mim_root())'
    root = Path(call(python, '-c', code, cwd=tmp_path).splitlines()[-1])
    script = root / 'tools/dataset_converters/generate_scenes.py'

    numbers = ['--num-train', '1', '--num-val', '0', '--workers', '1']
    call(python, str(script), '--out', 'scenes', *numbers, cwd=tmp_path)

    assert root.name == '.mim'
    assert (tmp_path / 'scenes/annotations/panoptic_train/000000.png').is_file()


@pytest.mark.slow
def test_a_wheel_holds_no_studies(wheel):
    names = carried(wheel, '')
    assert not [name for name in names if 'projects' in name or 'studies' in name]


@pytest.mark.slow
def test_a_source_distribution_builds_the_same_wheel(source, wheel, tmp_path):
    build = (
        f'from setuptools.build_meta import build_sdist; build_sdist({str(tmp_path)!r})'
    )
    call(sys.executable, '-c', build, cwd=source)
    sdist = str(next(tmp_path.glob('*.tar.gz')))

    pip = [sys.executable, '-m', 'pip', 'wheel', sdist, *OFFLINE[:3], '-w', '.']
    call(*pip, cwd=tmp_path)

    again = next(tmp_path.glob('*.whl'))
    assert carried(again, '') == carried(wheel, '')


def test_the_index_lists_every_config_that_trains_once(repo):
    index = yaml.safe_load((repo / 'model-index.yml').read_text())
    metafiles = [yaml.safe_load((repo / path).read_text()) for path in index['Import']]
    models = [model for metafile in metafiles for model in metafile['Models']]
    configs = {
        str(path.relative_to(repo))
        for path in repo.glob('configs/*/*.py')
        if path.parent.name != '_base_'
    }

    assert sorted(model['Config'] for model in models) == sorted(configs)
    assert {Path(m['Config']).stem for m in models} == {m['Name'] for m in models}


def test_the_tested_versions_satisfy_what_the_metadata_asks_for(repo):
    from packaging.requirements import Requirement

    from mmpisr.check_env import requirements

    lines = (repo / 'requirements' / 'constraints.txt').read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith('#')]
    tested = {pin.name: str(pin.specifier).removeprefix('==') for pin in pins}

    asked = {requirement.name: requirement for requirement, _ in requirements()}
    both = asked.keys() & tested.keys()
    assert {'numpy', 'onedl-mmcv', 'onedl-mmengine'} <= both
    assert all(asked[name].specifier.contains(tested[name]) for name in both)


def test_every_tool_runs_from_another_script(repo, tmp_path):
    """As notebooks do: ``runpy`` leaves ``sys.path`` as it is."""
    code = """
import runpy, sys
tools, *scripts = sys.argv[1:]
folders = sys.path[:]
for path in scripts:
    sys.argv = [path, '--help']
    sys.path[:] = folders
    for name, module in [*sys.modules.items()]:  # each tool finds its own modules
        if (getattr(module, '__file__', '') or '').startswith(tools):
            del sys.modules[name]
    try:
        runpy.run_path(path, run_name='__main__')
    except SystemExit as stop:
        assert not stop.code, path
"""
    tools = sorted(map(str, repo.glob('tools/**/*.py')))
    scripts = [tool for tool in tools if '__main__' in Path(tool).read_text()]

    command = [sys.executable, '-c', code, str(repo / 'tools'), *scripts]
    subprocess.run(command, check=True, cwd=tmp_path)
