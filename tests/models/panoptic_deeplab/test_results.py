import pytest
import torch

from mmpisr.models.panoptic_deeplab.grouping import (
    Grouping,
    instance_boxes,
    instance_probs,
    to_results,
)


@pytest.fixture
def ids():
    ids = torch.zeros(4, 6, dtype=torch.long)
    ids[0, 1] = ids[2, 4] = 1
    ids[3, 5] = 2
    return ids


def test_boxes_enclose_all_pixels_of_a_region(ids):
    assert instance_boxes(ids, 2).tolist() == [[1, 0, 5, 3], [5, 3, 6, 4]]


def test_probabilities_are_averaged_over_the_own_class(ids):
    probs = torch.zeros(2, 4, 6)
    probs[1, 0, 1], probs[1, 2, 4], probs[0, 3, 5] = 0.5, 0.7, 0.9
    means = instance_probs(ids, torch.tensor([1, 0]), probs)
    torch.testing.assert_close(means, torch.tensor([0.6, 0.9]))


def test_results_of_an_image(ids):
    probs = torch.full((3, 4, 6), 0.25)
    probs[2] = 0.5
    panoptic = torch.where(ids > 0, 1 + 1000 * ids, 2)
    grouping = Grouping(panoptic, ids, torch.tensor([1, 1]), torch.tensor([0.8, 1.1]))

    results = to_results(grouping, probs.argmax(dim=0), probs, instance_masks=True)

    assert (results.pred_panoptic_seg.sem_seg == panoptic).all()
    assert (results.pred_sem_seg.sem_seg == 2).all()
    assert results.pred_sem_seg.scores.shape == (3, 4, 6)
    instances = results.pred_instances
    assert (instances.masks == torch.stack([ids == 1, ids == 2])).all()
    assert instances.labels.tolist() == [1, 1]
    assert instances.segments.tolist() == [1001, 2001]
    assert (
        'masks' not in to_results(grouping, probs.argmax(dim=0), probs).pred_instances
    )
    torch.testing.assert_close(instances.scores, torch.tensor([0.2, 0.25]))


def test_an_image_without_instances_has_empty_fields():
    grouping = Grouping(
        torch.full((4, 6), 2),
        torch.zeros(4, 6, dtype=torch.long),
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0),
    )

    probs = torch.rand(3, 4, 6)
    instances = to_results(
        grouping, probs.argmax(dim=0), probs, instance_masks=True
    ).pred_instances

    assert instances.bboxes.shape == (0, 4)
    assert instances.masks.shape == (0, 4, 6)
    assert instances.labels.shape == instances.scores.shape == (0,)
