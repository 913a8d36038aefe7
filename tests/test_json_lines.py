import errno
import io

import pytest

from mmpisr.json_lines import JsonLines


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'folder' / 'a.jsonl'
    JsonLines(path).append(dict(image_id=5))
    return path


def test_a_line_is_on_disk_at_once_and_its_place_is_told(path):
    JsonLines(path).append(dict(image_id=6))

    assert [*JsonLines(path)] == [(0, b'{"image_id": 5}\n'), (16, b'{"image_id": 6}\n')]


def test_a_torn_last_line_is_no_line_and_is_cut_off_by_the_next(path):
    with open(path, 'a') as file:
        file.write('{"image_id": 6, "ar')

    assert len([*JsonLines(path)]) == 1
    JsonLines(path).append(dict(image_id=7))

    assert path.read_text() == '{"image_id": 5}\n{"image_id": 7}\n'


def test_a_file_that_is_not_there_has_no_lines(tmp_path):
    assert [*JsonLines(tmp_path / 'none.jsonl')] == []


@pytest.mark.parametrize('written', [None, 3])
def test_a_full_disk_leaves_no_half_line_and_is_named(path, monkeypatch, written):
    class Full(io.FileIO):
        def write(self, data):
            super().write(data[:3])
            if written is None:
                raise OSError(errno.ENOSPC, 'No space left on device')
            return written

    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(type(path), 'open', lambda path, *_, **__: Full(path, 'ab'))
        with pytest.raises(OSError, match=r'(No space left.*|)a\.jsonl'):
            JsonLines(path).append(dict(image_id=6))

    assert path.read_bytes() == before
