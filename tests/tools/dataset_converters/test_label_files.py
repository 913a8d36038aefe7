"""Label files of many kinds give the numbers that were drawn, or a message."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from converters.label_files import read_label_file, read_label_values
from PIL import Image

DRAWN = np.array([[0, 1, 2], [3, 1, 0]], np.uint8)
OPAQUE = np.full_like(DRAWN, 255)


def grey_png(path, bits):
    """Write a grey png of few bits, as MATLAB does; Pillow does not."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', check)

    rows = b''
    for row in DRAWN:
        value = sum(
            int(v) << (8 - bits * (i + 1)) for i, v in enumerate(row[: 8 // bits])
        )
        rows += bytes([0, value])
        rows += bytes([int(row[2]) << (8 - bits)]) if bits == 4 else b''
    head = struct.pack('>IIBBBBB', 3, 2, bits, 0, 0, 0, 0)
    body = chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows))
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + body + chunk(b'IEND', b''))


def palette(path):
    image = Image.fromarray(DRAWN, mode='P')
    image.putpalette([200, 7, 9, 0, 0, 0] * 128)
    image.save(path)


def channels(*planes):
    return lambda path: Image.fromarray(np.dstack(planes)).save(path)


def grey_alpha(path):
    planes = [Image.fromarray(DRAWN), Image.fromarray(OPAQUE)]
    Image.merge('LA', planes).save(path)


@pytest.mark.parametrize(
    ('name', 'write'),
    [
        ('a.png', lambda path: cv2.imwrite(str(path), DRAWN)),
        ('a.png', lambda path: cv2.imwrite(str(path), DRAWN.astype(np.uint16))),
        ('a.png', lambda path: grey_png(path, 2)),
        ('a.png', lambda path: grey_png(path, 4)),
        ('a.png', palette),
        ('a.png', channels(DRAWN, DRAWN, DRAWN)),
        ('a.png', channels(DRAWN, DRAWN, DRAWN, OPAQUE)),
        ('a.png', grey_alpha),
        ('a.tif', lambda path: cv2.imwrite(str(path), DRAWN.astype(np.uint16))),
        ('a.tif', lambda path: Image.fromarray(DRAWN.astype(np.int32)).save(path)),
        ('a.tif', lambda path: Image.fromarray(DRAWN.astype(np.float32)).save(path)),
        ('a.bmp', lambda path: cv2.imwrite(str(path), DRAWN)),
        ('a.NPY', lambda path: np.save(path.open('wb'), DRAWN.astype(np.int64))),
        ('a.npy', lambda path: np.save(path, DRAWN[..., None])),
        ('a.npy', lambda path: np.save(path, DRAWN.astype(float))),
    ],
)
def test_numbers_are_read_as_they_were_drawn(tmp_path, name, write):
    write(tmp_path / name)

    np.testing.assert_array_equal(read_label_values(tmp_path / name), DRAWN)


def test_one_bit_is_0_and_1(tmp_path):
    Image.fromarray(DRAWN > 0).save(tmp_path / 'a.png')

    np.testing.assert_array_equal(read_label_values(tmp_path / 'a.png'), DRAWN > 0)


def test_values_beyond_16_bits_and_below_0_are_kept(tmp_path):
    wide = np.array([[-1, 2**31 - 1]], np.int32)
    np.save(tmp_path / 'a.npy', wide)
    Image.fromarray(wide).save(tmp_path / 'a.tif')

    for name in ('a.npy', 'a.tif'):
        np.testing.assert_array_equal(read_label_values(tmp_path / name), wide)


def test_colours_of_a_palette_are_given_where_asked_for(tmp_path):
    palette(tmp_path / 'a.png')

    rgb = read_label_file(tmp_path / 'a.png', colors=True)

    assert rgb[0].tolist() == [[200, 7, 9], [0, 0, 0], [200, 7, 9]]


def jpeg(path):
    Image.fromarray(DRAWN).save(path, format='jpeg')


def jpeg_in_tif(path):
    Image.fromarray(np.dstack([DRAWN] * 3)).save(path, compression='jpeg')


def two_pages(path):
    pages = [Image.fromarray(DRAWN)] * 2
    pages[0].save(path, save_all=True, append_images=pages[1:])


@pytest.mark.parametrize(
    ('name', 'write', 'message'),
    [
        ('a.jpg', jpeg, 'is JPEG L of 8 bits a channel; labels are whole numbers'),
        ('a.png', jpeg, 'is JPEG'),
        ('a.tif', jpeg_in_tif, 'is TIFF'),
        ('a.tif', two_pages, 'one picture a file'),
        (
            'a.png',
            lambda path: cv2.imwrite(str(path), np.dstack([DRAWN] * 3).astype('u2')),
            'is PNG RGB of 16 bits a channel.* need one channel',
        ),
        (
            'a.png',
            channels(DRAWN, DRAWN, DRAWN, DRAWN),
            'below 255 in 6 pixels.*BDD100K',
        ),
        (
            'a.png',
            channels(DRAWN, DRAWN, OPAQUE),
            r'has 3 channels, .*; 6 pixels are not grey, the first is \[0, 0, 255\]',
        ),
        ('a.png', lambda path: path.write_bytes(b'text'), 'truncated'),
        ('a.png', lambda path: path.write_bytes(b''), 'truncated'),
        ('a.npy', lambda path: path.write_bytes(b''), 'truncated'),
        ('a.npy', lambda path: np.save(path, DRAWN + 0.5), 'value 0.5 is no number'),
        ('a.npy', lambda path: np.save(path, DRAWN * np.nan), 'value nan is no number'),
        ('a.npy', lambda path: np.save(path, DRAWN + np.int64(2**40)), 'of 32 bit'),
        ('a.npy', lambda path: np.save(path, DRAWN.astype(object)), 'allow_pickle'),
        ('a.npy', lambda path: np.save(path, DRAWN[0]), r'is uint8 \(3,\); labels are'),
    ],
)
def test_what_are_no_labels_is_named(tmp_path, name, write, message):
    write(tmp_path / name)

    with pytest.raises(ValueError, match=rf'{name}: .*{message}'):
        read_label_values(tmp_path / name)


@pytest.mark.parametrize(('shape', 'colors'), [((2, 3), True), ((2, 3, 4), False)])
def test_an_array_of_other_channels_is_named(tmp_path, shape, colors):
    np.save(tmp_path / 'a.npy', np.zeros(shape, np.uint8))

    with pytest.raises(ValueError, match=r'a\.npy: is uint8 \(2, 3'):
        read_label_file(tmp_path / 'a.npy', colors=colors)
