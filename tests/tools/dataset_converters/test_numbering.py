"""Pairs of category and instance become segments; regions become instances."""

import numpy as np
import pytest
from converters.numbering import (
    connected_instances,
    distinct,
    look_up,
    number_segments,
)


def test_every_pair_gets_an_id_and_void_none():
    categories = np.array([[1, 1, 2], [2, -1, 1]])
    instances = np.array([[0, 5, 5], [5, 9, 0]])

    ids, infos = number_segments(categories, instances, crowds={(1, 0)})

    assert [(i['category_id'], i['iscrowd']) for i in infos] == [(1, 1), (1, 0), (2, 0)]
    one, two, three = (info['id'] for info in infos)
    np.testing.assert_array_equal(ids, [[one, two, three], [three, 0, one]])
    assert len({0, one, two, three}) == 4


def test_ids_fit_three_bytes_and_differ_for_many_segments():
    instances = np.arange(300 * 300).reshape(300, 300)

    ids, infos = number_segments(np.zeros_like(instances), instances)

    assert len(infos) == len(np.unique(ids)) == 90_000
    assert 0 < ids.min() < ids.max() < 2**24


def test_a_map_of_nothing_but_void_has_no_segments():
    ids, infos = number_segments(np.full((2, 3), -1), np.zeros((2, 3), int))

    assert infos == []
    assert not ids.any()


def test_corners_touch_and_small_regions_are_void():
    categories = np.array([[7, 0, 0, 7], [0, 7, 0, 0], [3, 0, 0, 0]])

    found, instances = connected_instances(categories, [7], min_area=2)

    np.testing.assert_array_equal(found == -1, [[0, 0, 0, 1], [0] * 4, [0] * 4])
    np.testing.assert_array_equal(instances, [[1, 0, 0, 0], [0, 1, 0, 0], [0] * 4])


def test_classes_that_are_no_things_keep_number_0():
    categories = np.array([[7, 3], [3, 7]])

    found, instances = connected_instances(categories, [9])

    np.testing.assert_array_equal(found, categories)
    assert not instances.any()


def test_values_are_replaced_and_unknown_ones_counted():
    labels = np.array([[0, 3], [3, 0]])
    np.testing.assert_array_equal(
        look_up('a.png', labels, {0: -1, 3: 8}), [[-1, 8], [8, -1]]
    )

    with pytest.raises(ValueError, match=r'a\.png: 2 pixels have value 3, .* \[0, 4\]'):
        look_up('a.png', labels, {0: -1, 4: 8})


def test_negative_values_are_looked_up_as_themselves():
    labels = np.array([[-1, 7], [0, -1]])

    found = look_up('a.npy', labels, {-1: -1, 0: 3, 7: 5})

    np.testing.assert_array_equal(found, [[-1, 5], [3, -1]])


def test_distinct_values_are_sorted_and_may_be_none():
    assert distinct(np.array([[5, 5, 1], [1, 5, 9]])).tolist() == [1, 5, 9]
    assert distinct(np.zeros((0, 4), int)).tolist() == []
