"""Errors for missing files of a dataset, with the expected layout."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import indent


def missing_files(
    title: str, expected_layout: str, paths: Iterable[str | Path]
) -> None:
    """Check that files or folders exist; each folder is listed once.

    Raises:
        FileNotFoundError: Names the first of ``paths`` that is missing, how many of
            how many are, and the expected layout, a small tree of folders.
    """
    wanted = [Path(path) for path in paths]
    names: defaultdict[Path, set[str]] = defaultdict(set)
    for folder in {path.parent for path in wanted}:
        if folder.is_dir():
            names[folder] = set(os.listdir(folder))
    missing = [path for path in wanted if path.name not in names[path.parent]]
    if missing:
        raise missing_error(title, expected_layout, missing, len(wanted))


def missing_error(
    title: str,
    expected_layout: str,
    missing: Sequence[str | Path],
    total: int,
    advice: str = '',
) -> FileNotFoundError:
    """Make the error for ``missing`` of ``total`` files, with advice and layout."""
    return FileNotFoundError(
        f'{title}: {str(missing[0])!r} is missing ({len(missing)} of {total} are)'
        f'{advice}; the layout that is expected:\n'
        + indent(expected_layout.strip('\n'), '  ')
    )
