"""Detect damaged checkpoint files, and find the checkpoint to resume from."""

import logging
import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

from mmengine.logging import print_log

LFS_POINTER = b'version https://git-lfs'


class DamagedCheckpointError(ValueError):
    """A checkpoint file is damaged or incomplete."""


def check_file(path: Path) -> None:
    """Refuse damaged and incomplete files before they are unpickled.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedCheckpointError: It is empty, a git-LFS pointer, cut off or no
            checkpoint.
    """
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    with path.open('rb') as file:
        head = file.read(len(LFS_POINTER))
    size = path.stat().st_size
    if not head:
        problem = 'is empty (0 bytes): writing it was interrupted'
    elif head == LFS_POINTER:
        problem = (
            f'is a git-LFS pointer of {size} bytes, not the checkpoint itself; '
            '`git lfs pull` in its repository fetches that'
        )
    elif head.startswith(b'PK') and not is_zipfile(path):
        problem = f'is cut off after {size} bytes: writing it was interrupted'
    elif not head.startswith((b'PK', b'\x80')):
        problem = f'is no file of torch.save; its {size} bytes begin with {head!r}'
    else:
        return
    raise DamagedCheckpointError(f'checkpoint {path} {problem}')


def _check_sums(path: Path) -> None:
    """Compare the parts of a checkpoint with their checksums."""
    if not is_zipfile(path):  # torch's older format has no checksums
        return
    try:
        with ZipFile(path) as archive:
            part = archive.testzip()
    except BadZipFile as error:
        part = str(error)
    if part:
        raise DamagedCheckpointError(f'checkpoint {path} is damaged: {part}')


def find_resumable(work_dir: str) -> str | None:
    """Find the newest undamaged checkpoint of a work dir.

    The first choice is the file in ``last_checkpoint``; if the work dir was moved, the
    file of that name in it. If that file is damaged or gone, the checkpoint with the
    most iterations (or epochs) is taken, with a warning.

    Returns:
        Its path; None if the work dir has no checkpoint.

    Raises:
        FileNotFoundError: The file in ``last_checkpoint`` is gone, and there is no
            other.
        DamagedCheckpointError: All checkpoints are damaged; names the newest.
    """
    folder, note = Path(work_dir), Path(work_dir, 'last_checkpoint')
    named = note.read_text().strip() if note.is_file() else ''
    numbered = {
        path: int(match[1])
        for path in folder.glob('*.pth')
        if (match := re.fullmatch(r'(?:iter|epoch)_(\d+)', path.stem))
    }
    found = sorted(numbered, key=lambda path: numbered[path], reverse=True)
    if named:
        moved = folder / Path(named).name
        found.insert(0, moved if moved.is_file() else Path(named))
    errors = []
    for path in found:
        try:
            check_file(path)
            _check_sums(path)
        except (FileNotFoundError, DamagedCheckpointError) as error:
            errors.append(error)
            continue
        if errors:
            text = f'{errors[0]}; training goes on from {path}, the next undamaged one'
            print_log(text, logger='current', level=logging.WARNING)
        return str(path)
    if errors:
        advice = f'{work_dir} has no other; remove it and {note} to start again'
        raise type(errors[0])(f'{errors[0]}; {advice}')
    return None
