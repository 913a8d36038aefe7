import numpy as np
import pytest
import torch

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.submissions.prediction import Prediction


@pytest.fixture
def predict(cityscapes_list, sample, panoptic):
    def make(panoptic=panoptic, **more):
        meta = dict(classes=('person', 'car', 'road', 'sky'))
        table = CategoryTable(meta, cityscapes_list.categories)
        return Prediction(sample('a', panoptic, **more), table)

    return make


def masks_of(panoptic, *values):
    return torch.from_numpy(np.stack([panoptic == value for value in values]))


def test_without_instances_thing_segments_are_instances_of_confidence_1(
    predict, panoptic
):
    first, second = predict().things()

    assert (first.row, first.score) == (second.row, second.score) == (1, 1.0)
    np.testing.assert_array_equal(first.mask, panoptic == 1001)
    np.testing.assert_array_equal(second.mask, panoptic == 2001)


def test_instances_of_the_model_go_first_without_stuff_and_empty_masks(
    predict, panoptic
):
    instances = dict(
        labels=torch.tensor([0, 2, 1]),
        scores=torch.tensor([0.25, 0.5, 0.75]),
        masks=masks_of(panoptic, 1001, 2, -1),
    )

    (only,) = predict(pred_instances=instances).things()

    assert (only.row, only.score, only.mask.sum()) == (0, 0.25, 4)


def test_the_semantic_prediction_goes_before_the_panoptic_map(predict, panoptic):
    own = dict(sem_seg=torch.full((1, *panoptic.shape), 3))

    assert (predict(pred_sem_seg=own).semantic_rows() == 3).all()
    rows = predict().semantic_rows()
    assert rows[0, 0] == 3
    assert rows[3, 1] == 1
    assert rows[5, 7] == -1


def test_an_unknown_label_is_refused(predict, panoptic):
    with pytest.raises(ValueError, match=r'labels \[77\].* 4 classes'):
        _ = predict(np.full_like(panoptic, 77)).described


def test_a_map_of_void_has_no_segment_and_no_instance(predict, panoptic):
    empty = predict(np.full_like(panoptic, 4))

    assert empty.described[1] == list(empty.things()) == []
    assert (empty.semantic_rows() == -1).all()
