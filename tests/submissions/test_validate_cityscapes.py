"""What can be wrong in the pixel-level and instance-level archives."""

import numpy as np
import pytest
from spoiled_submission import gray, refuse, rewrite

FIRST = 'bonn_000000_000019'


@pytest.fixture
def cityscapes(written, cityscapes_list, tmp_path):
    return written(tmp_path / 'c.zip', cityscapes_list)


@pytest.mark.parametrize(
    ('changes', 'pattern'),
    [
        ({f'{FIRST}_labelIds.png': None}, rf"'{FIRST}' has 0 files \[\], not 1"),
        ({f'a/{FIRST}_x.png': gray(6, 8)}, rf"'{FIRST}' has 2 files"),
        ({'koln_000000_000000.png': gray(6, 8)}, 'koln.* belong to no image'),
        ({'notes.md': 'hi'}, r'notes\.md.* belong to no image'),
        (
            {f'{FIRST}_labelIds.png': gray(6, 8, 3)},
            'it is 8-bit RGB, one channel must be in 8-bit gray',
        ),
        (
            {f'{FIRST}_labelIds.png': gray(6, 8, dtype=np.uint16)},
            'it is 16-bit gray, one channel must be in 8-bit gray',
        ),
        (
            {f'{FIRST}_labelIds.png': gray(6, 8, value=9)},
            r'label ids \[9\], evaluated are \[0, 7, 23, 24, 26\]',
        ),
        ({f'{FIRST}_labelIds.png': gray(3, 8)}, r'3 x 8 pixels.* 6 x 8'),
    ],
)
def test_a_wrong_pixel_level_file_is_named(cityscapes, changes, pattern):
    path = cityscapes.with_name('c-pixel.zip')
    rewrite(path, changes)

    refuse(path, pattern)


@pytest.mark.parametrize(
    ('text', 'pattern'),
    [
        ('masks/a.png 26', r"'masks/a\.png 26' has 2 fields, not 3"),
        ('masks/a.png car 0.5', r'car 0\.5. is not "relative'),
        ('/masks/a.png 26 0.5', "'/masks/a.png' is outside the archive"),
        ('../a.png 26 0.5', r"'\.\./a\.png' is outside the archive"),
        ('masks/a.png 26 0.5', r'mask masks/a\.png is not in the archive'),
        (f'masks/{FIRST}_000.png 7 0.5', r'label id 7 is no thing, .* \[24, 26\]'),
        (f'masks/{FIRST}_000.png 26 nan', "confidence 'nan' is not finite"),
        (
            f'masks/{FIRST}_000.png 26 0.5\nmasks/{FIRST}_000.png 26 0.4',
            r'line 2: mask masks/.*000\.png is named a second time',
        ),
        ('', r'2 files are named by no text file of the list'),
    ],
)
def test_a_wrong_instance_line_is_named(cityscapes, text, pattern):
    path = cityscapes.with_name('c-instance.zip')
    rewrite(path, {f'{FIRST}_pred.txt': text})

    refuse(path, pattern)


def test_an_image_needs_exactly_one_instance_text(cityscapes):
    path = cityscapes.with_name('c-instance.zip')

    rewrite(
        path, {f'{FIRST}_pred.txt': None, f'{FIRST}_a.txt': '', f'{FIRST}_b.txt': ''}
    )

    refuse(path, rf"image '{FIRST}' has 2 files \['{FIRST}_a.txt', .*not 1")


def test_a_mask_of_another_size_is_named(cityscapes):
    path = cityscapes.with_name('c-instance.zip')
    rewrite(path, {f'masks/{FIRST}_000.png': gray(6, 9)})

    refuse(path, r'masks/.*000\.png: it has 6 x 9 pixels .* 6 x 8')
