"""What images and pngs tell: every failure with file, field and both values."""

import re

import cv2
import numpy as np
import pytest

from mmpisr.datasets.image_file import is_complete_image
from mmpisr.datasets.segment_png import decode_segment_ids, encode_segment_ids

PNG, IMAGE = r'panoptic_train/000000\.png', r'images/train/000000\.png'


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def rewrite(path, change):
    path.write_bytes(encode_segment_ids(change(decode_segment_ids(path.read_bytes()))))


def drop_largest(ids):
    """Turn the largest segment into one that the json lacks, with a free id."""
    values, counts = np.unique(ids, return_counts=True)
    return np.where(ids == values[counts.argmax()], 12_345, ids)


SPOILED = {
    'png missing': (
        lambda s: s.png.unlink(),
        rf'{PNG}: does not exist, but annotations\[\]\.file_name of image 1 in .*json',
    ),
    'image missing': (
        lambda s: s.image.unlink(),
        rf"{IMAGE}: does not exist, but images\[\]\.file_name '000000\.png' of image 1",
    ),
    'png truncated': (
        lambda s: cut(s.png),
        rf'{PNG}: not a complete png \(100 bytes\), is it truncated\?',
    ),
    'image truncated': (
        lambda s: cut(s.image),
        rf'{IMAGE}: not a complete image \(100 bytes\), is it truncated\?',
    ),
    'png empty': (
        lambda s: s.png.write_bytes(b''),
        rf'{PNG}: not a complete png \(0 bytes\)',
    ),
    'image empty': (
        lambda s: s.image.write_bytes(b''),
        rf'{IMAGE}: not a complete image \(0 bytes\)',
    ),
    'png of another size': (
        lambda s: rewrite(s.png, lambda ids: ids[:-1]),
        rf'{PNG}: \(height, width\) of the png is \(63, 96\), of image 1 in .*json '
        r'\(64, 96\)',
    ),
    'image of another size': (
        lambda s: cv2.imwrite(str(s.image), np.zeros((64, 95, 3), np.uint8)),
        rf'{IMAGE}: \(height, width\) of the image is \(64, 95\), .* \(64, 96\)',
    ),
    'other ids': (
        lambda s: rewrite(s.png, drop_largest),
        rf'{PNG}: the png has ids that the json lacks: \[12345\], '
        r'the json has ids that the png lacks: \[\d+\]$',
    ),
    'grey png': (
        lambda s: cv2.imwrite(str(s.png), np.full((64, 96), 7, np.uint8)),
        rf'{PNG}: .*json lacks: \[460551\], .*; is the png grey\? Its ids must be col',
    ),
}


@pytest.mark.parametrize(('spoil', 'message'), SPOILED.values(), ids=[*SPOILED])
def test_a_faulty_file_is_told_with_field_and_values(scenes, spoil, message):
    spoil(scenes)

    wanted = re.compile(f'error: .*{message}')
    problems = scenes.problems()
    assert any(wanted.search(problem) for problem in problems), problems


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('area', 1, r'id \d+ has \d+ pixels in the png, area 1 in the json'),
        (
            'bbox',
            [1, 2, 3, 4],
            r'id \d+ has its box .* at \[.*\] in the png, bbox \[1, 2, 3, 4\] in the',
        ),
    ],
)
def test_area_and_box_are_measured(scenes, field, value, message):
    def change(content):
        content['annotations'][0]['segments_info'][0][field] = value

    scenes.spoil(change)

    (problem,) = scenes.problems('error')

    assert re.search(f'{PNG}: {message}', problem)


def test_an_image_of_void_only_is_told_and_counted(scenes):
    rewrite(scenes.png, np.zeros_like)
    scenes.spoil(lambda content: content['annotations'][0].update(segments_info=[]))

    problems = scenes.problems()
    counts = scenes.findings().counts

    assert not [p for p in problems if p.startswith('error')]
    assert any('image_id 1 is empty: the image is all void' in p for p in problems)
    assert counts.empty == 1
    assert 1 / 6 <= counts.void / counts.pixels < 1 / 4


def test_images_are_not_looked_for_without_their_folder(scenes):
    scenes.image.unlink()

    assert scenes.problems('error', images=False) == []


def test_counts_by_hand(scenes):
    content = scenes.content()
    things = {c['id'] for c in content['categories'] if c['isthing']}
    segments = [s for a in content['annotations'] for s in a['segments_info']]

    counts = scenes.findings().counts

    assert (counts.images, counts.segments_by.total()) == (6, len(segments))
    thing_segments = [s for s in segments if s['category_id'] in things]
    assert counts.of_kind(True)[1] == len(thing_segments)
    assert counts.of_kind(False)[1] == len(segments) - len(thing_segments)
    assert counts.pixels == 6 * 64 * 96
    assert counts.pixels - counts.void == sum(s['area'] for s in segments)
    first = segments[0]['category_id']
    area = sum(s['area'] for s in segments if s['category_id'] == first)
    assert counts.pixels_by[first] == area
    crowds = sum(s['iscrowd'] for s in segments)
    assert counts.crowds_by.total() == crowds


@pytest.mark.parametrize(
    ('content', 'complete'),
    [
        (b'\xff\xd8..\xff\xda..\xff\xd9', True),
        (b'\xff\xd8..\xff\xda..', False),
        (b'\xff\xd8.\xff\xda.\xff\xd9.\xff\xda..', False),  # the thumbnail's end
        (b'\xff\xd8\xff\xe1\0\x06\xff\xda\xff\xd9\xff\xda..', False),  # likewise
        (b'\xff\xd8\xff\xff\xe1\0\x04..\xff\xda..\xff\xd9', True),  # a fill byte
        (b'\xff\xd8\xff\xda..\xff\xd9 video \xff\xda..', True),
        (b'\x89PNG....IEND', True),
        (b'\x89PNG....', False),
        (b'BM......', True),
    ],
)
def test_the_end_of_an_image_is_found(content, complete):
    assert is_complete_image(content) == complete


def test_processes_find_what_one_finds(scenes):
    cut(scenes.png)
    scenes.image.unlink()

    alone, together = scenes.findings(), scenes.findings(workers=2)

    assert alone.problems == together.problems
    assert alone.digests == together.digests
    assert vars(alone.counts) == vars(together.counts)
