"""Write files atomically: a file is written completely, or left as it was."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_output(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it on success.

    Parent folders are created. After an error the temporary file is deleted and
    ``path`` is unchanged. The temporary name keeps the suffix and begins with a dot.

    Raises:
        OSError: Names ``path``, and the free bytes where the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f'.{path.stem}-', suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            temporary.unlink(missing_ok=True)
            raise _disk_full(path) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a file (text as UTF-8) completely, or leave it as it was.

    Raises:
        OSError: As ``atomic_output`` does.
    """
    data = content.encode() if isinstance(content, str) else content
    with atomic_output(path) as temporary:
        temporary.write_bytes(data)


def _disk_full(path: Path) -> OSError:
    free = shutil.disk_usage(path.parent).free
    return OSError(
        errno.ENOSPC,
        f'the disk is full ({free} bytes free), so this file was not written; '
        'make room and run the same command again',
        str(path),
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
