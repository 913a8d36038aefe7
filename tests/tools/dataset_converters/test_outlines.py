"""Outlines become masks: pixel for pixel, clipped, or refused with both values."""

import numpy as np
import pytest
from converters.outlines import outline_mask, outline_parts
from pycocotools import mask as coco_mask

SIZE = 20, 24
SQUARE = [2, 3, 8, 3, 8, 9, 2, 9]  # x from 2 to 8, y from 3 to 9


def drawn(segmentation, size=SIZE):
    mask, left, top = outline_mask('here', outline_parts('here', segmentation), size)
    whole = np.zeros(size, bool)
    whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return whole


def square():
    mask = np.zeros(SIZE, bool)
    mask[3:9, 2:8] = True
    return mask


@pytest.mark.parametrize(
    'segmentation',
    [
        [SQUARE],
        SQUARE,
        [[2, 3], [8, 3], [8, 9], [2, 9]],
        [[[2, 3], [8, 3], [8, 9], [2, 9]]],
        [[2.0, 3, 5, 3, 5, 9, 2, 9], [5, 3, 8, 3, 8, 9, 5, 9]],
    ],
)
def test_a_polygon_may_be_numbers_or_points_in_a_list_or_not(segmentation):
    np.testing.assert_array_equal(drawn(segmentation), square())


def test_polygons_beyond_the_image_are_clipped_without_moving():
    rng = np.random.default_rng(0)
    for _ in range(50):
        points = rng.uniform(-15, 35, (rng.integers(3, 8), 2))
        (far,) = coco_mask.frPyObjects([(points + 100).ravel().tolist()], 200, 200)
        expected = coco_mask.decode(far)[100:120, 100:124]

        actual = drawn([points.ravel().tolist()])

        np.testing.assert_array_equal(actual, expected)


def test_a_polygon_beyond_the_image_draws_nothing():
    assert not drawn([[30, 2, 40, 2, 40, 9]]).any()
    assert not drawn([[-9, -9, -2, -9, -2, -3]]).any()


def test_polygons_and_run_lengths_join():
    counts = dict(size=[20, 24], counts=[0, 20, 460])  # the first column

    expected = square()
    expected[:, 0] = True
    np.testing.assert_array_equal(drawn([SQUARE, counts]), expected)


@pytest.mark.parametrize('share', [0.01, 0.5, 0.99])
def test_both_kinds_of_run_lengths_are_the_mask_that_they_were_made_of(share):
    rng = np.random.default_rng(1)
    for _ in range(20):
        size = tuple(rng.integers(1, 70, 2).tolist())
        mask = rng.random(size) < share
        flat = np.concatenate([[False], mask.ravel(order='F')])
        changes = np.flatnonzero(np.diff(flat, append=~flat[-1]))
        counts = np.diff(changes, prepend=0).tolist()
        text = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))['counts']

        for each in (counts, text.decode()):
            actual = drawn(dict(size=list(size), counts=each), size)
            np.testing.assert_array_equal(actual, mask)


@pytest.mark.parametrize(
    ('segmentation', 'message'),
    [
        ([[1, 2, 3, 4, 5, 6, 7]], r'here: segmentation is \[\[1, 2, 3.*x and y'),
        ([[1, 2, 3, 4, 5, float('nan')]], 'not all numbers are finite'),
        ([['a', 1, 2, 3, 4, 5]], 'expected polygons of x and y'),
        ('polygon', 'expected polygons of x and y'),
        ([[-900, 0, 5, 0, 5, 5]], r'-900, 0\] to .* image is \[24, 20\]'),
        (dict(size=[24, 20], counts=[480]), r'size \[24, 20\] .* image is \[20, 24\]'),
        (dict(size=[20, 24], counts=[3, 4]), 'counts of 7 pixels, but .*: 480'),
        (dict(size=[20, 24], counts=[490, -10]), r'counts of \[490, -10\] pixels'),
        (dict(size=[20, 24], counts='PP000000'), 'counts of .* pixels, but'),
        (dict(counts=[480]), 'size None'),
    ],
)
def test_what_cannot_be_drawn_is_refused(segmentation, message):
    with pytest.raises(ValueError, match=message):
        drawn(segmentation)
