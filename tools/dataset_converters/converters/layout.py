"""Say exactly which file of a dataset is missing, and where it should be."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import indent


def missing_files(
    title: str, expected_layout: str, paths: Iterable[str | Path]
) -> None:
    """Refuse a dataset that lacks files or folders; each folder is listed once.

    Raises:
        FileNotFoundError: Naming the first of ``paths`` that is missing, how many of
            how many are, and the expected layout, a small tree of folders.
    """
    wanted = [Path(path) for path in paths]
    listed: defaultdict[Path, set[str]] = defaultdict(set)
    for folder in {path.parent for path in wanted}:
        if folder.is_dir():
            listed[folder] = set(os.listdir(folder))
    missing = [path for path in wanted if path.name not in listed[path.parent]]
    if missing:
        raise missing_error(title, expected_layout, missing, len(wanted))


def missing_error(
    title: str,
    expected_layout: str,
    missing: Sequence[str | Path],
    total: int,
    advice: str = '',
) -> FileNotFoundError:
    """Error of ``missing`` of ``total`` files, with advice before the layout."""
    return FileNotFoundError(
        f'{title}: {str(missing[0])!r} is missing ({len(missing)} of {total} are)'
        f'{advice}; the layout that is expected:\n'
        + indent(expected_layout.strip('\n'), '  ')
    )
