"""What a damaged file is called, and which checkpoint a training goes on from."""

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmpisr.engine import checkpoint_files
from mmpisr.engine.checkpoint import checkpoint_trust
from mmpisr.engine.checkpoint_files import DamagedCheckpointError, find_resumable

POINTER = b'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n'
DAMAGE = {
    'is empty': lambda data: b'',
    'cut off after': lambda data: data[: len(data) // 2],
    'is a git-LFS pointer': lambda data: POINTER,
    "begin with b'<!DOCTYPE": lambda data: b'<!DOCTYPE html><html>',
    'is damaged: Pytorch': lambda data: data.replace(b'data.pkl', b'dota.pkl'),
}


@pytest.fixture
def work_dir(tmp_path):
    """A work dir with two checkpoints, the newer of which is noted."""
    for number in 2, 10:
        torch.save(dict(iter=number), tmp_path / f'iter_{number}.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_10.pth'))
    return tmp_path


@pytest.mark.parametrize('trusted', [False, True])
@pytest.mark.parametrize('message', DAMAGE)
def test_a_damaged_checkpoint_is_named_and_called_what_it_is(
    work_dir, message, trusted
):
    path = work_dir / 'iter_10.pth'
    path.write_bytes(DAMAGE[message](path.read_bytes()))

    with (
        checkpoint_trust(trusted),
        pytest.raises(DamagedCheckpointError, match=rf'iter_10.pth.*{message}'),
    ):
        CheckpointLoader.load_checkpoint(str(path), map_location='cpu')


def test_a_torn_checkpoint_of_the_older_format_is_named(tmp_path):
    torch.save(
        dict(a=torch.ones(9)), tmp_path / 'a.pth', _use_new_zipfile_serialization=False
    )
    data = (tmp_path / 'a.pth').read_bytes()

    for size in 40, len(data) - 20:
        (tmp_path / 'a.pth').write_bytes(data[:size])
        with checkpoint_trust(), pytest.raises(ValueError, match='a.pth'):
            CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))


def test_the_noted_checkpoint_is_resumed(work_dir):
    assert find_resumable(str(work_dir)) == str(work_dir / 'iter_10.pth')


def test_a_work_dir_without_checkpoints_has_none_to_resume(tmp_path):
    torch.save({}, tmp_path / 'best_PQ_iter_3.pth')

    assert find_resumable(str(tmp_path)) is None


def test_a_moved_work_dir_is_resumed_from_its_own_file(work_dir):
    moved = work_dir.rename(work_dir.parent / 'moved')

    assert find_resumable(str(moved)) == str(moved / 'iter_10.pth')


def test_a_copied_work_dir_does_not_resume_from_the_one_it_was_copied_from(
    work_dir, tmp_path_factory
):
    copy = tmp_path_factory.mktemp('copy')
    for path in work_dir.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())

    assert find_resumable(str(copy)) == str(copy / 'iter_10.pth')


@pytest.mark.parametrize('message', DAMAGE)
def test_the_older_checkpoint_is_taken_with_a_warning(work_dir, message, monkeypatch):
    if message.startswith('is damaged'):
        pytest.skip('found when it is read')
    path = work_dir / 'iter_10.pth'
    path.write_bytes(DAMAGE[message](path.read_bytes()))

    said: list[str] = []
    monkeypatch.setattr(
        checkpoint_files, 'print_log', lambda text, **_: said.append(text)
    )

    assert find_resumable(str(work_dir)) == str(work_dir / 'iter_2.pth')

    assert 'iter_10.pth' in said[0]
    assert 'goes on from' in said[0]


def test_a_checkpoint_with_a_hole_is_passed_over(work_dir):
    path = work_dir / 'iter_10.pth'
    torch.save(dict(weights=torch.rand(5000)), path)
    data = bytearray(path.read_bytes())
    data[9000:9100] = bytes(100)
    path.write_bytes(data)

    assert find_resumable(str(work_dir)) == str(work_dir / 'iter_2.pth')


def test_without_a_whole_checkpoint_the_newest_is_named_and_the_way_on(work_dir):
    for path in work_dir.glob('*.pth'):
        path.write_bytes(b'')

    with pytest.raises(DamagedCheckpointError, match='iter_10.pth is empty.*to start'):
        find_resumable(str(work_dir))


def test_a_noted_checkpoint_that_is_gone_is_named(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('/gone/iter_4.pth')

    with pytest.raises(FileNotFoundError, match='iter_4.pth does not exist.*to start'):
        find_resumable(str(tmp_path))
