import numpy as np
import pytest

from mmpisr.visualization.segment_matching import differing_boxes, match_instances

SKY, CAR, PERSON = 5, 0, 1


def scene(*segments, size=(40, 60)):
    """A sky with boxes (value, left, right) over all rows but the first ten."""
    panoptic = np.full(size, SKY)
    for value, left, right in segments:
        panoptic[10:, left:right] = value
    return panoptic


def test_an_instance_has_the_number_that_it_has_in_the_first_map():
    first = scene((1000, 0, 20), (2000, 30, 50))
    second = scene((1000, 31, 50), (2000, 0, 18))

    matched = match_instances([first, second])

    np.testing.assert_array_equal(matched[0], first)
    np.testing.assert_array_equal(matched[1], scene((2000, 31, 50), (1000, 0, 18)))


def test_the_largest_overlap_is_matched_and_the_rest_gets_new_numbers():
    first = scene((1000, 0, 20))
    second = scene((1000, 0, 5), (2000, 5, 20), (3001, 40, 50))

    matched = match_instances([first, second])[1]

    assert matched[20, 10] == 1000
    assert matched[20, 2] % 1000 == CAR
    assert matched[20, 45] % 1000 == PERSON
    assert len(np.unique(matched)) == 4


def test_an_instance_that_the_truth_lacks_is_one_in_both_predictions():
    truth = scene()
    base, pisr = scene((1000, 0, 20)), scene((4000, 0, 19), (1000, 30, 40))

    matched = match_instances([truth, base, pisr])

    assert matched[1][20, 5] == matched[2][20, 5] != matched[2][20, 35]


def test_another_class_at_the_same_place_is_another_instance():
    matched = match_instances([scene((1000, 0, 20)), scene((1001, 0, 20))])
    assert matched[1][20, 5] % 1000 == PERSON
    assert matched[1][20, 5] // 1000 != 1


def test_maps_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r'\(40, 50\) and \(40, 60\)'):
        match_instances([scene(), scene(size=(40, 50))])


def test_no_maps_and_one_map_stay_as_they_are():
    assert match_instances([]) == []
    np.testing.assert_array_equal(match_instances([scene()])[0], scene())


def test_boxes_surround_the_largest_differences_first():
    first = scene((1000, 0, 20), (2000, 40, 50))
    second = scene((1000, 0, 20), (2001, 22, 30))

    boxes = differing_boxes(first, second)

    assert boxes == [(37, 7, 53, 40), (19, 7, 33, 40)]
    assert differing_boxes(first, second, num_boxes=1) == boxes[:1]


def test_other_numbers_and_thin_outlines_are_no_difference():
    first = scene((1000, 0, 20), (2000, 40, 50))
    second = scene((7000, 0, 21), (3000, 40, 50))
    assert differing_boxes(first, second) == []
