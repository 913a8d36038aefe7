"""Data straight from zip files, as their authors publish them.

``zip://folder/file.zip/inner/image.png`` is a path of mmengine's file functions once
this module is imported, so that ``LoadImageFromFile``, ``mmcv.imread`` and metrics read
it as they read any file. A config need not contain such paths: ``resolve_folder`` finds
``data/coco/val2017`` in ``data/coco/val2017.zip`` if that folder does not exist.

Members are read by position (``os.pread``, POSIX) and without a lock: threads and
forked workers share one open file and one index.
"""

import os
import os.path as osp
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipExtFile, ZipFile, ZipInfo

from mmengine.fileio import BaseStorageBackend, register_backend

PREFIX, SUFFIX = 'zip://', '.zip'
LEVELS = 3  # how many folders above a path are searched for zip files
LOCAL_HEADER = struct.Struct('<4s22xHH')  # signature, name and extra field lengths
SIGNATURE = b'PK\x03\x04'
ENCRYPTED = 0x1
# A json of a data set unpacks to about 20 times its size; deflate can reach 1032 times.
MAX_UNPACKED, MAX_RATIO = 2**26, 200


class ZipArchive:
    """One zip file, open for reading while this object lives.

    Args:
        path: The zip file.

    Attributes:
        members: Files by their path inside, folders left out.

    Raises:
        FileNotFoundError: The zip file does not exist.
        ValueError: It is truncated or no zip file; names it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = open(path, 'rb', buffering=0)  # noqa: SIM115
        except FileNotFoundError as error:
            raise FileNotFoundError(f'zip file {path!r} does not exist') from error
        try:
            with ZipFile(path) as archive:
                infos = [info for info in archive.infolist() if not info.is_dir()]
        except (BadZipFile, OSError, struct.error) as error:
            raise ValueError(
                f'{path}: not a complete zip file ({osp.getsize(path)} bytes), was '
                f'its download interrupted? ({error})'
            ) from error
        self.members = {info.filename: info for info in infos}

    @cached_property
    def folders(self) -> dict[str, set[str]]:
        """Names in every folder, subfolders included; ``''`` is the top."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for path in self.members:
            while path:
                path, _, name = path.rpartition('/')
                if name in found[path]:
                    break
                found[path].add(name)
        return dict(found)

    def read(self, name: str) -> bytes:
        """Return a member's content, compared with its checksum.

        Raises:
            FileNotFoundError: There is no such member; names zip file and member.
            ValueError: The member is damaged, encrypted, or neither stored nor
                deflated.
        """
        member = self._member(name)
        return self._unpacked(member, member.file_size + 1, member.compress_size)

    def read_start(self, name: str, size: int) -> bytes:
        """Return the first bytes of a member, without comparing its checksum.

        A member of fewer than ``size`` bytes is returned whole.
        """
        member = self._member(name)
        packed_size = min(member.compress_size, 2 * size + 512)
        return self._unpacked(member, size, packed_size)

    def _member(self, name: str) -> ZipInfo:
        if name not in self.members:
            raise FileNotFoundError(
                f'{self.path}: has no member {name!r} among its {len(self.members)}'
            )
        member = self.members[name]
        readable = member.compress_type in (ZIP_STORED, ZIP_DEFLATED)
        if not readable or member.flag_bits & ENCRYPTED:
            raise ValueError(
                f'{self.path}: member {name!r} is encrypted or packed by method '
                f'{member.compress_type}; only {ZIP_STORED} (stored) and '
                f'{ZIP_DEFLATED} (deflated) are supported'
            )
        if member.file_size > max(MAX_UNPACKED, MAX_RATIO * member.compress_size):
            raise ValueError(
                f'{self.path}: member {name!r} has {member.compress_size} bytes and '
                f'unpacks to {member.file_size}, more than {MAX_RATIO} times as many; '
                'unzip it yourself if you trust it'
            )
        return member

    def _unpacked(self, member: ZipInfo, size: int, packed_size: int) -> bytes:
        """At most ``size`` bytes; the checksum is compared where the member ends."""
        handle = self._file.fileno()
        try:
            header = os.pread(handle, LOCAL_HEADER.size, member.header_offset)
            signature, name_size, extra_size = LOCAL_HEADER.unpack(header)
            if signature != SIGNATURE:
                raise struct.error('no file header where the index expects one')
            start = member.header_offset + LOCAL_HEADER.size + name_size + extra_size
            packed = BytesIO(os.pread(handle, packed_size, start))
            return ZipExtFile(packed, 'r', member).read(size)
        except (BadZipFile, EOFError, zlib.error, struct.error) as error:
            is_other = isinstance(error, BadZipFile)
            reason = 'its checksum differs' if is_other else str(error) or 'it is cut'
            raise ValueError(
                f'{self.path}: member {member.filename!r} is damaged: {reason}'
            ) from error


def open_archive(path: str) -> ZipArchive:
    """Open a zip file, or return the open one while the file on disk is the same.

    Raises:
        FileNotFoundError: The zip file does not exist.
        ValueError: It is truncated or no zip file; names it.
    """
    status = os.stat(path)
    version = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return _opened(path, version)


@lru_cache
def _opened(path: str, version: tuple[int, ...]) -> ZipArchive:
    return ZipArchive(path)


def is_zip_path(path: str) -> bool:
    """Whether a path begins with ``zip://``."""
    return str(path).startswith(PREFIX)


def split_zip_path(path: str) -> tuple[str, str]:
    """Split ``zip://a/b.zip/c/d`` into ``a/b.zip`` and ``c/d`` (may be empty).

    The zip file is the first part that ends in ``.zip`` and is a file, not a folder.

    Raises:
        FileNotFoundError: No part of the path is a file that ends in ``.zip``.
    """
    rest = str(path).removeprefix(PREFIX)
    end = 0
    while (end := rest.lower().find(SUFFIX, end)) >= 0:
        end += len(SUFFIX)
        if rest[end : end + 1] in ('', '/') and osp.isfile(rest[:end]):
            return rest[:end], rest[end:].strip('/')
    raise FileNotFoundError(f'{path}: no part of this path is a zip file on this disk')


def list_zip_folder(path: str) -> set[str]:
    """Names inside a ``zip://`` folder; none where the zip file has no such folder."""
    archive, inner = split_zip_path(path)
    return open_archive(archive).folders.get(inner, set())


class ZipBackend(BaseStorageBackend):
    """Reads members of zip files; safe in threads, forked and spawned processes."""

    def get(self, filepath: str) -> bytes:
        """Return a member's content; errors name the zip file and the member."""
        archive, inner = split_zip_path(filepath)
        return open_archive(archive).read(inner)

    def get_text(self, filepath: str, encoding: str = 'utf-8') -> str:
        """Return a member's content as text."""
        return self.get(filepath).decode(encoding)

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


register_backend('zip', ZipBackend, prefixes='zip', force=True)


def resolve_folder(folder: str) -> str:
    """Find a folder that does not exist inside the zip files beside it.

    Searched are the ``*.zip`` files of the nearest existing folders above, up to three.
    Inside a zip file the folder may have other folders above it
    (``ADEChallengeData2016/images/training`` for ``images/training``), and the files of
    ``val2017`` may be at the top of ``val2017.zip``.

    Args:
        folder: A local path; one that exists, contains ``://`` or is empty is returned
            as it is.

    Returns:
        ``zip://PATH.zip/inner``, without a slash at the end, if the folder is found in
        a zip file; else the folder as given.

    Raises:
        ValueError: Several zip files contain such a folder, or one that is named like a
            part of the path is truncated.
    """
    if not folder or '://' in folder or osp.isdir(folder):
        return folder
    return _find(folder, lambda archive: archive.folders) or folder


def resolve_file(path: str) -> str:
    """Do as ``resolve_folder`` does, for a file such as an annotation json."""
    if not path or '://' in path or osp.isfile(path):
        return path
    return _find(path, lambda archive: archive.members) or path


def _find(path: str, paths_in: Callable[[ZipArchive], Collection[str]]) -> str | None:
    whole = Path(osp.normpath(path))
    for above in filter(Path.is_dir, list(whole.parents)[:LEVELS]):
        inner = whole.relative_to(above).as_posix()
        below: list[str] = []
        for archive in _archives_in(above, inner):
            paths, base = paths_in(archive), f'{PREFIX}{archive.path}/'
            first, _, rest = inner.partition('/')
            if inner in paths:
                return f'{base}{inner}'
            if Path(archive.path).stem == first and rest in paths:
                return f'{base}{rest}'.rstrip('/')
            below += [
                f'{base}{found}' for found in paths if found.endswith(f'/{inner}')
            ]
        if len(below) > 1:
            raise ValueError(
                f'{path!r} does not exist, and could be any of {below[:3]}: unpack '
                'one, or write its path in the config'
            )
        if below:
            return below[0]
    return None


def _archives_in(folder: Path, inner: str) -> Iterator[ZipArchive]:
    """Zip files of a folder, those named like a part of ``inner`` first.

    ``leftImg8bit_trainvaltest.zip`` is named like ``leftImg8bit/val``. A truncated file
    of such a name is an error; truncated files of other names are left out.
    """
    parts = tuple(Path(part).stem for part in inner.split('/'))
    files = sorted(filter(Path.is_file, folder.glob(f'*{SUFFIX}')))
    for file in sorted(files, key=lambda file: not file.stem.startswith(parts)):
        try:
            yield open_archive(str(file))
        except ValueError:
            if file.stem.startswith(parts):
                raise
