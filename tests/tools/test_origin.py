import subprocess
from pathlib import Path

from speed.origin import code_version, machine


def test_a_machine_has_a_size():
    found = machine()

    assert found['cores'] >= 1
    assert found['memory_gib'] >= 1
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.is_file() and 'model name' in cpuinfo.read_text():
        assert 'model' in found['cpu']


def test_outside_git_there_is_no_commit(tmp_path):
    assert code_version(tmp_path) == dict(commit=None, dirty=None)


def test_a_changed_file_makes_the_code_dirty_and_a_recorded_run_does_not(tmp_path):
    git = ['git', '-c', 'user.name=a', '-c', 'user.email=a', '-C', str(tmp_path)]
    package, records = tmp_path / 'package', tmp_path / 'projects' / 'evidence'
    for folder in (package, records):
        folder.mkdir(parents=True)
        (folder / 'a').write_text('a')
    for command in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'a']):
        subprocess.run([*git, *command], check=True)

    (records / 'a').write_text('b')
    clean = code_version(package)
    (package / 'a').write_text('b')

    assert len(clean['commit']) == 40
    assert (clean['dirty'], code_version(package)['dirty']) == (False, True)
