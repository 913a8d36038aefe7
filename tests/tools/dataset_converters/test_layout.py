"""A missing file is named, with the layout that is expected."""

import pytest
from converters.layout import missing_files

LAYOUT = """
data/
  a/*.png
"""


def test_the_first_missing_file_and_the_layout_are_named(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/0.png').touch()
    paths = [tmp_path / 'a' / f'{i}.png' for i in range(3)]

    message = r"Mine, val: '.*a/1\.png' is missing \(2 of 3 are\)(.|\n)*  a/\*\.png"
    with pytest.raises(FileNotFoundError, match=message):
        missing_files('Mine, val', LAYOUT, paths)


def test_files_and_folders_that_are_there_pass(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a/0.png').touch()

    missing_files('Mine', LAYOUT, [tmp_path / 'a', tmp_path / 'a/0.png'])
    missing_files('Mine', LAYOUT, [])


def test_a_missing_folder_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"not/here\.png' is missing \(1 of 1"):
        missing_files('Mine', LAYOUT, [tmp_path / 'not/here.png'])
