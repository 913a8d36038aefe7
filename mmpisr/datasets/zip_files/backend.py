"""Members of zip files as paths: ``zip://folder/file.zip/inner/image.png``.

Registered with mmengine's file functions when this module is imported, so that
``LoadImageFromFile``, ``mmcv.imread`` and metrics read them as they read any file.
"""

import os
import os.path as osp
import stat
import threading

from mmengine.fileio import BaseStorageBackend, register_backend

from .archive import ZipArchive

PREFIX = 'zip://'
SUFFIX = '.zip'

_archives: dict[str, tuple[tuple[int, ...], ZipArchive]] = {}
_lock = threading.Lock()


def _forget_lock() -> None:
    """Give a forked process its own lock: another thread may have held the old one."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, 'register_at_fork'):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_forget_lock)


def open_archive(path: str) -> ZipArchive:
    """Open a zip file, or return the open one while the file on disk is the same.

    Raises:
        FileNotFoundError: The zip file is not there.
        ValueError: It is truncated or no zip file; names it.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise FileNotFoundError(f'zip file {path!r} does not exist') from error
    version = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    key = osp.abspath(path)
    with _lock:
        known = _archives.get(key)
        if known is None or known[0] != version:
            known = _archives[key] = version, ZipArchive(path)
        return known[1]


def is_zip_path(path: str) -> bool:
    """Whether a path is of the form that is read here."""
    return str(path).startswith(PREFIX)


def split_zip_path(path: str) -> tuple[str, str]:
    """Split ``zip://a/b.zip/c/d`` into ``a/b.zip`` and ``c/d`` (may be empty).

    Folders named ``x.zip`` are passed over.

    Raises:
        FileNotFoundError: No part of the path is a file that ends in ``.zip``.
    """
    rest = str(path).removeprefix(PREFIX)
    end = 0
    while (end := rest.lower().find(SUFFIX, end)) >= 0:
        end += len(SUFFIX)
        if rest[end : end + 1] in ('', '/') and _is_file(rest[:end]):
            return rest[:end], rest[end:].strip('/')
    raise FileNotFoundError(f'{path}: no part of this path is a zip file on this disk')


def list_zip_folder(path: str) -> set[str]:
    """Names inside a ``zip://`` folder; none where the zip has no such folder."""
    archive, inner = split_zip_path(path)
    return open_archive(archive).folders.get(inner, set())


class ZipBackend(BaseStorageBackend):
    """Reads members of zip files; safe in threads, forks and spawned processes."""

    def get(self, filepath: str) -> bytes:
        """Return a member's content; errors name the zip and the member."""
        archive, inner = split_zip_path(filepath)
        return open_archive(archive).read(inner)

    def get_text(self, filepath: str, encoding: str = 'utf-8') -> str:
        """Return a member's content as text."""
        return self.get(filepath).decode(encoding)

    def get_start(self, filepath: str, size: int) -> bytes:
        """Return the first bytes of a member."""
        archive, inner = split_zip_path(filepath)
        return open_archive(archive).read_start(inner, size)

    def exists(self, filepath: str) -> bool:
        """Whether this is a member or a folder of a zip file."""
        return self.isfile(filepath) or self.isdir(filepath)

    def isfile(self, filepath: str) -> bool:
        """Whether this is a member of a zip file."""
        try:
            archive, inner = split_zip_path(filepath)
        except FileNotFoundError:
            return False
        return inner in open_archive(archive).members

    def isdir(self, filepath: str) -> bool:
        """Whether this is a folder, not empty, of a zip file."""
        try:
            return bool(list_zip_folder(filepath))
        except FileNotFoundError:
            return False

    def join_path(self, filepath: str, *filepaths: str) -> str:
        """Join the parts of a path."""
        return osp.join(filepath, *filepaths)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


register_backend('zip', ZipBackend, prefixes='zip', force=True)
