"""Zip files: members are read from anywhere, faults are named."""

import os
import tracemalloc
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from mmpisr.datasets.zip_files import ZipArchive

NOISE = os.urandom(3000)
CONTENTS = {
    'a/b/one.txt': b'one' * 1000,
    'a/two.bin': NOISE,
    'top.txt': b'',
}


def make_zip(path, contents=CONTENTS, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return str(path)


@pytest.fixture(params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def path(request, tmp_path):
    return make_zip(tmp_path / 'x.zip', method=request.param)


def test_members_are_what_was_packed(path):
    archive = ZipArchive(path)

    assert {name: archive.read(name) for name in archive.members} == CONTENTS
    assert archive.folders == {
        '': {'a', 'top.txt'},
        'a': {'b', 'two.bin'},
        'a/b': {'one.txt'},
    }


@pytest.mark.parametrize('size', [0, 5, 2999, 4000])
def test_the_start_of_a_member_is_read_alone(path, size):
    archive = ZipArchive(path)

    assert archive.read_start('a/two.bin', size) == NOISE[:size]
    assert archive.read_start('top.txt', size) == b''


def test_threads_do_not_disturb_each_other(path):
    archive = ZipArchive(path)
    names = [*CONTENTS] * 200

    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(archive.read, names))

    assert read == [CONTENTS[name] for name in names]


def test_forked_processes_do_not_disturb_each_other(path):
    archive = ZipArchive(path)
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            good = all(archive.read('a/two.bin') == NOISE for _ in range(300))
            os._exit(0 if good else 1)
        children.append(child)

    assert all(archive.read('a/b/one.txt') == b'one' * 1000 for _ in range(300))
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


def test_a_missing_zip_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"zip file '.*none\.zip' does not"):
        ZipArchive(str(tmp_path / 'none.zip'))


def test_a_missing_member_is_named_with_its_zip(path):
    message = r"x\.zip: has no member 'a/three' among its 3"
    with pytest.raises(FileNotFoundError, match=message):
        ZipArchive(path).read('a/three')


def test_a_truncated_zip_is_named(path):
    with open(path, 'r+b') as file:
        file.truncate(2000)

    with pytest.raises(ValueError, match=r'x\.zip: not a complete zip file \(2000 by'):
        ZipArchive(path)


def test_a_damaged_member_is_named(path):
    archive = ZipArchive(path)
    with open(path, 'r+b') as file:
        file.seek(archive.members['a/two.bin'].header_offset + 100)
        file.write(b'damaged')

    with pytest.raises(ValueError, match=r"x\.zip: member 'a/two\.bin' is damaged"):
        archive.read('a/two.bin')
    assert archive.read('a/b/one.txt') == CONTENTS['a/b/one.txt']


def test_an_index_that_points_elsewhere_is_damage(path):
    archive = ZipArchive(path)
    with open(path, 'r+b') as file:
        file.write(b'no')

    with pytest.raises(ValueError, match='damaged: no file header where the index'):
        archive.read('a/b/one.txt')


def test_another_packing_is_refused(tmp_path):
    path = make_zip(tmp_path / 'x.zip', method=zipfile.ZIP_LZMA)

    with pytest.raises(ValueError, match=r"member 'a/two\.bin' .* method 14"):
        ZipArchive(path).read('a/two.bin')


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = make_zip(tmp_path / 'x.zip', {'bomb.json': bytes(2**27)})
    monkeypatch.setattr(zlib, 'decompressobj', None)  # nothing may be unpacked

    expected = r"member 'bomb\.json' has \d+ bytes and unpacks to 134217728, more than"
    with pytest.raises(ValueError, match=expected):
        ZipArchive(path).read('bomb.json')
    with pytest.raises(ValueError, match=expected):
        ZipArchive(path).read_start('bomb.json', 10)


def test_a_member_that_is_larger_than_it_says_is_not_unpacked_further(tmp_path):
    archive = ZipArchive(make_zip(tmp_path / 'x.zip', {'bomb.json': bytes(2**27)}))
    archive.members['bomb.json'].file_size = 1000

    tracemalloc.start()
    with pytest.raises(ValueError, match='damaged: its checksum differs'):
        archive.read('bomb.json')
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
