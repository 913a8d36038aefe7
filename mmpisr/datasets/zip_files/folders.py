"""Find folders and files that a config names inside the zip files beside them.

A config says ``data/cityscapes/leftImg8bit/val``. Where nobody has unpacked
``data/cityscapes/leftImg8bit_trainvaltest.zip``, this finds
``zip://data/cityscapes/leftImg8bit_trainvaltest.zip/leftImg8bit/val``.
"""

import os.path as osp
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from .archive import ZipArchive
from .backend import PREFIX, open_archive

LEVELS = 3  # how far up from the folder zip files are looked for


def resolve_folder(folder: str) -> str:
    """Return the folder, or where it lies in a zip file, or the folder unchanged.

    Looked for in the ``*.zip`` of the nearest existing folders above, up to three. A
    zip file may have more folders above it (``ADEChallengeData2016/images/training``
    for ``images/training``), and ``val2017.zip`` may have the files at its top.

    Args:
        folder: On this disk; with ``://`` or empty it is returned as it is.

    Returns:
        The folder, or ``zip://PATH.zip/inner``, without a slash at the end.

    Raises:
        ValueError: Several zip files could be meant, or one that is named like a part
            of the folder is truncated.
    """
    if not folder or '://' in folder or osp.isdir(folder):
        return folder
    return _find(folder, lambda archive: archive.folders) or folder


def resolve_file(path: str) -> str:
    """Do as ``resolve_folder`` does, for a file such as an annotation json."""
    if not path or '://' in path or osp.isfile(path):
        return path
    return _find(path, lambda archive: archive.members) or path


def _find(path: str, places_in: Callable[[ZipArchive], Collection[str]]) -> str | None:
    for above, inner in _parents(path):
        nested: list[str] = []
        for file in _zip_files(above, inner):
            archive = _open(file, inner)
            places = places_in(archive) if archive else ()
            for place in _at_top(file, inner):
                if place in places:
                    return f'{PREFIX}{file}/{place}'.rstrip('/')
            nested += [f'{file}/{p}' for p in places if p.endswith(f'/{inner}')]
        if len(nested) > 1:
            raise ValueError(
                f'{path!r} does not exist, and could be any of {nested[:3]}: unpack '
                f'one, or write {PREFIX}{nested[0]}'
            )
        if nested:
            return f'{PREFIX}{nested[0]}'
    return None


def _parents(path: str) -> Iterator[tuple[Path, str]]:
    """Existing folders above, nearest first, and what remains of the path."""
    parts = Path(osp.normpath(path))
    for above in list(parts.parents)[:LEVELS]:
        if above.is_dir():
            yield above, parts.relative_to(above).as_posix()


def _zip_files(above: Path, inner: str) -> list[str]:
    """Zip files of a folder, those named like a part of the path first."""
    files = [str(f) for f in sorted(above.glob('*.zip')) if f.is_file()]
    return sorted(files, key=lambda file: not _is_named_like(file, inner))


def _at_top(file: str, inner: str) -> list[str]:
    """Places that are meant without doubt: the whole path, or below the zip's name."""
    first, _, rest = inner.partition('/')
    return [inner, rest] if Path(file).stem == first else [inner]


def _is_named_like(file: str, inner: str) -> bool:
    """Whether ``leftImg8bit_trainvaltest.zip`` begins with a part of the path."""
    parts = [Path(part).stem for part in inner.split('/')]
    return any(Path(file).stem.startswith(part) for part in parts)


def _open(file: str, inner: str) -> ZipArchive | None:
    """Open a zip file; a broken one is an error only if it is likely the one."""
    try:
        return open_archive(file)
    except ValueError:
        if _is_named_like(file, inner):
            raise
        return None
