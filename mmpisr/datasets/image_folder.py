"""List the images of a folder, and print what is left out."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unicodedata import normalize

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.ppm')


def list_images(
    folder: Path,
    suffixes: Sequence[str] = IMAGE_SUFFIXES,
    *,
    exclude: Sequence[Path] = (),
) -> list[Path]:
    """Images below a folder, relative to it, sorted by name; suffixes in any case.

    Links to files and folders are followed, folders in ``exclude`` are not entered.
    Files that are left out are printed.

    Raises:
        FileNotFoundError: An image is a link to nothing.
    """
    ends, found, left_out = tuple(map(composed, suffixes)), [], defaultdict(list)
    closed = {path.resolve(): 'folders of labels or output' for path in exclude}
    for path, reason in _walk(folder, closed):
        if reason is None and not composed(path.name).endswith(ends):
            reason = 'of another suffix'
        if reason is not None:
            left_out[f'left out of {folder}, {reason}'].append(path)
        elif not path.exists():
            raise FileNotFoundError(f'{path}: links to nothing, {os.readlink(path)}')
        else:
            found.append(path.relative_to(folder))
    report(left_out)
    return sorted(found)


def report(left_out: Mapping[str, Sequence]) -> None:
    """Print for each reason how many were left out, and an example."""
    for kind, examples in left_out.items():
        if examples:
            print(f'{len(examples)} {kind}, e.g. {examples[0]}')


def composed(name: str) -> str:
    """Lower case, and accents composed (NFC; macOS writes NFD)."""
    return normalize('NFC', name).lower()


def _walk(folder: Path, closed: dict[Path, str]) -> Iterator[tuple[Path, str | None]]:
    """Yield files, and folders that are not entered, with the reason to leave out."""
    closed = closed | {folder.resolve(): 'a link to a folder above it'}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = Path(entry.path)
            is_folder = path.is_dir() if entry.is_symlink() else entry.is_dir()
            if entry.name.startswith('.'):
                yield path, 'hidden'
            elif not is_folder:
                yield path, None
            elif path.resolve() in closed:
                yield path, closed[path.resolve()]
            else:
                yield from _walk(path, closed)
