"""``zip://`` paths through mmengine's file functions."""

import json
import os
import zipfile

import mmcv
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio

from mmpisr.datasets import zip_files
from mmpisr.datasets.panoptic_json import check_files_exist
from mmpisr.datasets.zip_files import ZipArchive, open_archive, split_zip_path


@pytest.fixture
def image():
    return np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


@pytest.fixture
def path(tmp_path, image):
    path = tmp_path / 'x.zip'
    png = mmcv.image.io.cv2.imencode('.png', image)[1].tobytes()
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a/b.png', png)
        archive.writestr('a/c.json', json.dumps(dict(name='é'), ensure_ascii=False))
    return f'zip://{path}'


def test_images_are_read_as_any_file(path, image):
    loaded = LoadImageFromFile()(dict(img_path=f'{path}/a/b.png'))['img']

    assert np.array_equal(loaded, image)
    assert np.array_equal(mmcv.imread(f'{path}/a/b.png'), image)
    assert fileio.load(f'{path}/a/c.json') == dict(name='é')


def test_files_and_folders_are_told_apart(path):
    assert fileio.isfile(f'{path}/a/b.png')
    assert not fileio.isfile(f'{path}/a')
    assert fileio.isdir(f'{path}/a')
    assert fileio.isdir(path)
    assert not fileio.exists(f'{path}/d')
    assert not fileio.exists('zip://no.zip/d')
    assert fileio.join_path(path, 'a', 'b.png') == f'{path}/a/b.png'


def test_a_folder_that_is_named_like_a_zip_is_passed_over(tmp_path):
    folder = tmp_path / 'v.zip' / 'x'
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / 'y.zip', 'w') as archive:
        archive.writestr('z.zip/a', b'!')

    path = f'zip://{folder}/y.zip/z.zip/a'
    assert split_zip_path(path) == (str(folder / 'y.zip'), 'z.zip/a')
    assert fileio.get(path) == b'!'


def test_a_path_without_a_zip_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'zip:.*/no\.zip/a: no part of this'):
        fileio.get(f'zip://{tmp_path}/no.zip/a')


def test_the_index_is_read_once_until_the_zip_changes(path, monkeypatch):
    read = []
    monkeypatch.setattr(
        zip_files, 'ZipArchive', lambda p: read.append(p) or ZipArchive(p)
    )
    file = split_zip_path(path)[0]

    for _ in range(3):
        fileio.get(f'{path}/a/b.png')
    assert read == [file]
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr('new', b'content')
    assert fileio.get(f'{path}/new') == b'content'
    assert read == [file, file]


def test_a_zip_can_be_opened_after_a_fork_in_the_middle_of_opening(path, monkeypatch):
    file = split_zip_path(path)[0]
    children = []

    def fork_and_open(p):
        monkeypatch.setattr(zip_files, 'ZipArchive', ZipArchive)
        child = os.fork()
        if child == 0:
            os._exit(0 if open_archive(file).members else 1)
        children.append(child)
        return ZipArchive(p)

    monkeypatch.setattr(zip_files, 'ZipArchive', fork_and_open)
    open_archive(file)

    assert os.waitpid(children[0], 0)[1] == 0


def test_missing_members_are_found_by_one_listing(path):
    wanted = [f'{path}/a/{name}' for name in ('b.png', 'x.png', 'y.png')]
    check_files_exist('a.json', 'images[]', wanted[:1])

    message = r"a\.json: images.* 3 files in 'zip://.*x\.zip/a', 2 of them .*'x\.png'"
    with pytest.raises(FileNotFoundError, match=message):
        check_files_exist('a.json', 'images[]', wanted)
