import cv2
import numpy as np
import pytest

from mmpisr.evaluation.panoptic_annotations import PngPrefetcher


@pytest.fixture
def paths(tmp_path):
    for i in range(8):
        red = np.zeros((3, 4, 3), np.uint8)
        red[..., 2] = i + 1
        cv2.imwrite(str(tmp_path / f'{i}.png'), red)
    return [str(tmp_path / f'{i}.png') for i in range(8)]


@pytest.mark.parametrize(
    'order', [range(8), range(1, 8, 2), [5, 5, 5, 0], [0, 1, 2, 7, 3, 4, 5, 1]]
)
def test_any_order_gives_the_right_files(paths, order):
    reader = PngPrefetcher(paths)
    for position in order:
        assert (reader.read(position) == position + 1).all()


def test_equal_steps_are_continued_and_nothing_else(paths):
    reader = PngPrefetcher(paths)
    guesses = []
    for position in [0, 2, 4, 6, 1, 2, 3, 3, 3]:
        reader.read(position)
        guesses.append(reader.guess())
    assert guesses == [None, None, 6, None, None, None, 4, None, None]


def test_a_file_that_fails_ahead_fails_only_when_it_is_asked_for(paths):
    reader = PngPrefetcher([*paths[:3], 'missing.png'])
    for position in range(3):
        reader.read(position)
    with pytest.raises(ValueError, match=r'missing\.png'):
        reader.read(3)
