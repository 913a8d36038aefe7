"""Data straight from zip files, as their authors publish them."""

from .archive import ZipArchive
from .backend import (
    ZipBackend,
    is_zip_path,
    list_zip_folder,
    open_archive,
    split_zip_path,
)
from .folders import resolve_file, resolve_folder

__all__ = [
    'ZipArchive',
    'ZipBackend',
    'is_zip_path',
    'list_zip_folder',
    'open_archive',
    'resolve_file',
    'resolve_folder',
    'split_zip_path',
]
