"""Files are looked for once per folder, on the local disk only."""

import os

import pytest

from mmpisr.datasets.panoptic_json import check_files_exist


def test_each_folder_is_listed_once(tmp_path, monkeypatch):
    paths = [tmp_path / folder / f'{i}.png' for folder in 'ab' for i in range(5)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    listed = []
    listdir = os.listdir
    monkeypatch.setattr(os, 'listdir', lambda f: listed.append(f) or listdir(f))

    check_files_exist('a.json', 'images[]', map(str, paths))

    assert sorted(listed) == [str(tmp_path / 'a'), str(tmp_path / 'b')]


def test_a_folder_that_is_missing_is_named():
    message = r"a\.json: images\[\]\.file_name lists 2 files in 'not/here', 2 of them"
    with pytest.raises(FileNotFoundError, match=message):
        check_files_exist('a.json', 'images[]', ['not/here/a.png', 'not/here/b.png'])


def test_files_elsewhere_are_not_asked_for():
    check_files_exist('a.json', 'images[]', ['http://not.here/a.png'])
