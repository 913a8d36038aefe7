import numpy as np
import pytest
import torch

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.predicted_image import PredictedImage

CATEGORIES = [
    dict(id=7, name='road', isthing=0),
    dict(id=24, name='person', isthing=1),
]
TABLE = CategoryTable(dict(classes=('road', 'person')), CATEGORIES)


def predict(pred, **fields):
    seg = dict(sem_seg=torch.tensor(pred, dtype=torch.int64)[None])
    return PredictedImage(dict(pred_panoptic_seg=seg, **fields), TABLE)


def test_a_segment_keeps_its_value_and_void_is_zero():
    ids, segments = predict([[1001, 1001, 2001, 2]]).segment_ids

    assert ids.tolist() == [[1001, 1001, 2001, 0]]
    assert segments == [
        dict(id=1001, category_id=24, area=2, isthing=1),
        dict(id=2001, category_id=24, area=1, isthing=1),
    ]


def test_class_0_without_instance_takes_the_value_of_void():
    ids, segments = predict([[0, 0, 2]]).segment_ids

    assert ids.tolist() == [[2, 2, 0]]
    assert segments == [dict(id=2, category_id=7, area=2, isthing=0)]


@pytest.mark.parametrize('pred', [[[2, 2]], [[]]])
def test_a_map_without_segments_has_none(pred):
    ids, segments = predict(pred).segment_ids

    assert not ids.any()
    assert segments == []


def test_an_unknown_label_is_refused():
    with pytest.raises(ValueError, match=r'labels \[77\].* 2 classes'):
        _ = predict([[77, 0]]).segment_ids


def test_the_semantic_prediction_is_preferred_to_the_panoptic_map():
    own = dict(sem_seg=torch.ones(1, 1, 3, dtype=torch.int64))

    assert predict([[0, 1001, 2]]).semantic_rows().tolist() == [[0, 1, -1]]
    assert predict([[0, 1001, 2]], pred_sem_seg=own).semantic_rows().tolist() == (
        [[1, 1, 1]]
    )


def test_segments_that_a_model_lists_are_its_instances():
    listed = dict(
        labels=torch.tensor([1]),
        scores=torch.tensor([0.5]),
        segments=torch.tensor([2001]),
    )
    found = predict([[1001, 2001]], pred_instances=listed).instances

    assert (found.categories.tolist(), found.scores.tolist()) == ([1], [0.5])
    np.testing.assert_array_equal(found.masks(), [[[False, True]]])
