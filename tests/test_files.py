import errno

import pytest

from mmpisr import files
from mmpisr.files import atomic_output, write_atomically


def fail_half_way(path):
    with atomic_output(path) as temporary:
        temporary.write_text('half')
        raise LookupError


def test_text_and_bytes_arrive_and_folders_are_made(tmp_path):
    write_atomically(tmp_path / 'a' / 'b.txt', 'größer')
    write_atomically(tmp_path / 'a' / 'c.bin', b'\0\1')

    assert (tmp_path / 'a' / 'b.txt').read_bytes() == 'größer'.encode()
    assert (tmp_path / 'a' / 'c.bin').read_bytes() == b'\0\1'


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'kept.json'
    path.write_text('old')

    with pytest.raises(LookupError):
        fail_half_way(path)

    assert path.read_text() == 'old'
    assert [p.name for p in tmp_path.iterdir()] == ['kept.json']


def test_a_full_disk_names_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(files.Path, 'write_bytes', full)

    with pytest.raises(OSError, match=r'disk is full \(\d+ bytes free\).*new\.json'):
        write_atomically(tmp_path / 'new.json', 'text')

    assert list(tmp_path.iterdir()) == []
