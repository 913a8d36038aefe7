"""Take single files out of zip files that somebody has downloaded."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from mmpisr.files import atomic_output


def unpack(root: Path, *, zips: Sequence[str], wanted: Sequence[str]) -> None:
    """Write the wanted files that are in one of the zips but not on the disk yet.

    A ``X.zip`` that is wanted is not taken out where folder ``X`` is there.

    Zips may lie in ``root`` or ``root/annotations``; ``wanted`` are paths below
    ``root`` and in the zips alike.

    Raises:
        ValueError: A zip file is truncated.
        OSError: The disk is full; the file that did not fit is not there.
    """
    left = [name for name in dict.fromkeys(wanted) if not _is_there(root / name)]
    for path in (
        folder / name for folder in (root, root / 'annotations') for name in zips
    ):
        if not left or not path.is_file():
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                for name in set(left) & set(archive.namelist()):
                    print(f'{path}: unpacking {name}')
                    _write(archive, name, root / name)
                    left.remove(name)
        except (zipfile.BadZipFile, EOFError) as error:
            raise ValueError(
                f'{path}: not a complete zip file, was its download interrupted? '
                f'({error})'
            ) from error


def _is_there(path: Path) -> bool:
    return path.is_file() or (path.suffix == '.zip' and path.with_suffix('').is_dir())


def _write(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    with (
        atomic_output(path) as temporary,
        archive.open(name) as source,
        temporary.open('wb') as target,
    ):
        shutil.copyfileobj(source, target)
