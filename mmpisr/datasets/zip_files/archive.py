"""Read members of a zip file from any thread and any process.

The index is read once; members are read by position (``os.pread``, POSIX), so that
threads and forked processes share one open file and do not move each other's place.
"""

import os
import struct
import zlib
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

LOCAL_HEADER = struct.Struct('<4s22xHH')  # signature, name and extra field lengths
SIGNATURE = b'PK\x03\x04'
READABLE = (ZIP_STORED, ZIP_DEFLATED)
ENCRYPTED = 0x1


class Member(NamedTuple):
    """Where the content of one file lies; sizes in bytes."""

    offset: int
    packed_size: int
    size: int
    crc: int
    method: int
    flags: int


class ZipArchive:
    """One zip file, open for reading while this object lives.

    Args:
        path: The zip file.

    Attributes:
        members: Files by their path inside, folders left out.

    Raises:
        FileNotFoundError: The zip file is not there.
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
                f'{path}: not a complete zip file ({os.path.getsize(path)} bytes), was '
                f'its download interrupted? ({error})'
            ) from error
        self.members = {
            info.filename: Member(
                info.header_offset,
                info.compress_size,
                info.file_size,
                info.CRC,
                info.compress_type,
                info.flag_bits,
            )
            for info in infos
        }

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
        """Return a member's content, checked against its checksum.

        Raises:
            FileNotFoundError: There is no such member; names zip and member.
            ValueError: The zip is damaged, or packed in a way that is not read here.
        """
        member = self._member(name)
        try:
            packed = self._packed(member, member.packed_size)
            content = packed if not member.method else zlib.decompress(packed, -15)
        except (zlib.error, struct.error) as error:
            raise self._damaged(name, str(error)) from error
        if len(content) != member.size or zlib.crc32(content) != member.crc:
            raise self._damaged(name, 'its checksum differs')
        return content

    def read_start(self, name: str, size: int) -> bytes:
        """Return the first bytes of a member; fewer if it is shorter, unchecked."""
        member = self._member(name)
        try:
            packed = self._packed(member, min(member.packed_size, 2 * size + 512))
            if member.method == ZIP_STORED:
                return packed[:size]
            return zlib.decompressobj(-15).decompress(packed, max(size, 1))[:size]
        except (zlib.error, struct.error) as error:
            raise self._damaged(name, str(error)) from error

    def _member(self, name: str) -> Member:
        if name not in self.members:
            raise FileNotFoundError(
                f'{self.path}: has no member {name!r} among its {len(self.members)}'
            )
        member = self.members[name]
        if member.method not in READABLE or member.flags & ENCRYPTED:
            raise ValueError(
                f'{self.path}: member {name!r} is encrypted or packed by method '
                f'{member.method}, only plain {READABLE} (stored, deflated) are read'
            )
        return member

    def _packed(self, member: Member, size: int) -> bytes:
        """The first ``size`` bytes of a member as they lie in the file."""
        handle = self._file.fileno()
        header = os.pread(handle, LOCAL_HEADER.size, member.offset)
        signature, name_size, extra_size = LOCAL_HEADER.unpack(header)
        if signature != SIGNATURE:
            raise struct.error('no file header where the index says')
        start = member.offset + LOCAL_HEADER.size + name_size + extra_size
        return os.pread(handle, size, start)

    def _damaged(self, name: str, reason: str) -> ValueError:
        return ValueError(f'{self.path}: member {name!r} is damaged: {reason}')
