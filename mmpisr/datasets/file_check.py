"""Find out before training that a file is missing, with one listing per folder."""

import os
import os.path as osp
from collections import defaultdict
from collections.abc import Iterable

from mmengine.fileio import LocalBackend, get_file_backend

from .zip_files import ZipBackend, list_zip_folder


def check_files_exist(
    ann_file: str, field: str, paths: Iterable[str], backend_args: dict | None = None
) -> None:
    """Refuse paths that are not on the local disk, nor in a zip file on it.

    Other backends are not asked. ``field`` is that of the json, without
    ``.file_name``.

    Raises:
        FileNotFoundError: Naming the json, the field, the folder and the first file.
    """
    names = defaultdict(set)
    for path in paths:
        folder, name = osp.split(path)
        names[folder].add(name)

    for folder, wanted in names.items():
        found = _names_in(folder, backend_args)
        if found is None:
            continue
        missing = sorted(wanted - found)
        if missing:
            raise FileNotFoundError(
                f'{ann_file}: {field}.file_name lists {len(wanted)} files in '
                f'{folder!r}, {len(missing)} of them do not exist, the first is '
                f'{missing[0]!r}'
            )


def _names_in(folder: str, backend_args: dict | None) -> set[str] | None:
    """Names in a folder, none if it does not exist; None if it cannot be listed."""
    backend = get_file_backend(folder, backend_args=backend_args)
    if isinstance(backend, ZipBackend):
        return list_zip_folder(folder)
    if not isinstance(backend, LocalBackend):
        return None
    return set(os.listdir(folder or '.')) if osp.isdir(folder or '.') else set()
