import subprocess

import pytest
from mmengine.config import Config

from mmpisr.studies.data_digest import data_digest
from mmpisr.studies.model_cost import input_shape
from mmpisr.studies.provenance import code_version, machine
from mmpisr.studies.study_run import read_metrics


def test_the_digest_depends_on_content_not_on_place(tmp_path):
    def digest(name, size=3, text='{}'):
        root = tmp_path / name
        (root / 'seg').mkdir(parents=True)
        (root / 'seg' / '1.png').write_bytes(b'x' * size)
        (root / 'a.json').write_text(text)
        dataset = dict(data_root=root, ann_file='a.json', data_prefix=dict(seg='seg'))
        loaders = dict(
            train_dataloader=dict(dataset=dict(dataset=dataset)),
            val_dataloader=dict(dataset=dataset),
        )
        return data_digest(loaders)

    assert digest('a') == digest('b')
    assert len({digest('c'), digest('d', size=4), digest('e', text='[]')}) == 3


def test_the_input_is_padded_to_the_preprocessors_unit(tmp_path):
    (tmp_path / 'a.json').write_text('{"images": [{"height": 180, "width": 240}]}')
    dataset = dict(data_root=str(tmp_path), ann_file='a.json')
    cfg = Config(
        dict(
            val_dataloader=dict(dataset=dataset),
            model=dict(data_preprocessor=dict(pad_size_divisor=16)),
        )
    )

    assert input_shape(cfg) == (192, 240)


def test_a_machine_has_a_size():
    found = machine()

    assert found['cores'] >= 1
    assert found['memory_gib'] >= 1
    assert not found['cpu'] or 'model' in found['cpu']


def test_outside_git_there_is_no_commit(tmp_path):
    assert code_version(tmp_path) == dict(commit=None, dirty=None)


def test_a_changed_file_makes_the_code_dirty_and_a_recorded_run_does_not(tmp_path):
    git = ['git', '-c', 'user.name=a', '-c', 'user.email=a', '-C', str(tmp_path)]
    package, records = tmp_path / 'package', tmp_path / 'docs' / 'results'
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


def test_a_test_without_figures_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_metrics(tmp_path)
