import numpy as np
import pytest

from mmpisr.evaluation.panoptic_results import panoptic_segments

CATEGORIES = [dict(id=7, isthing=0), dict(id=24, isthing=1)]


def number(pred, rows):
    return panoptic_segments(
        np.array(pred), np.array(rows), categories=CATEGORIES, num_classes=2
    )


def test_a_segment_keeps_its_value_and_void_is_zero():
    ids, segments = number([[1001, 1001, 2001, 2]], [-1, 1, 1])

    assert ids.tolist() == [[1001, 1001, 2001, 0]]
    assert segments == [
        dict(id=1001, category_id=24, area=2, isthing=1),
        dict(id=2001, category_id=24, area=1, isthing=1),
    ]


def test_class_0_without_instance_takes_the_value_of_void():
    ids, segments = number([[0, 0, 2]], [0, -1])

    assert ids.tolist() == [[2, 2, 0]]
    assert segments == [dict(id=2, category_id=7, area=2, isthing=0)]


@pytest.mark.parametrize('pred', [[[2, 2]], [[]]])
def test_a_map_without_segments_has_none(pred):
    rows = [-1] * len({*pred[0]})

    ids, segments = number(pred, rows)

    assert not ids.any()
    assert segments == []
