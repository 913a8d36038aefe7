import cv2
import numpy as np
import pytest

from mmpisr.datasets.segment_png import (
    decode_segment_ids,
    encode_segment_ids,
    segment_extents,
)


def test_red_is_the_lowest_byte():
    image = np.array([[[3, 2, 1]]], np.uint8)  # BGR

    ids = decode_segment_ids(cv2.imencode('.png', image)[1].tobytes())

    assert ids.tolist() == [[1 + 2 * 256 + 3 * 65536]]


def test_ids_survive_a_png():
    ids = np.random.default_rng(0).integers(0, 2**24, (7, 5))

    assert np.array_equal(decode_segment_ids(encode_segment_ids(ids)), ids)


@pytest.mark.parametrize('value', [-1, 2**24])
def test_an_id_that_does_not_fit_is_named(value):
    with pytest.raises(ValueError, match=str(value)):
        encode_segment_ids(np.array([[value, 5]]))


def test_extents_equal_those_counted_by_hand_also_of_parts_that_touch_over_the_edge():
    ids = np.array([[5, 5, 0, 7], [7, 5, 0, 0], [9, 9, 9, 9]])

    values, areas, boxes = segment_extents(ids)

    assert values.tolist() == [0, 5, 7, 9]
    assert areas.tolist() == [3, 3, 2, 4]
    assert boxes.tolist() == [[2, 0, 2, 2], [0, 0, 2, 2], [0, 0, 4, 2], [0, 2, 4, 1]]


def test_an_empty_map_has_no_segments():
    values, areas, boxes = segment_extents(np.zeros((0, 4), np.int32))

    assert len(values) == len(areas) == len(boxes) == 0
