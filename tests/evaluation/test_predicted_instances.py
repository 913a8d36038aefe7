import numpy as np
import pytest
import torch
from mmdet.structures.mask import encode_mask_results

from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.ground_truth import ImageTruth, Segments
from mmpisr.evaluation.scored_image import ScoredImage, mask_overlaps

TABLE = CategoryTable(dict(classes=('cat', 'sky'), thing_classes=('cat',)))
TRUTH = np.array([[5, 5, 9], [5, 0, 9]])
PANOPTIC = np.array([[1000, 1000, 1], [3000, 2, 1]])  # two cats, sky, void
SEGMENTS = Segments.of(
    ids=[5, 9], categories=[0, 1], areas=[3, 2], is_crowd=[False, False]
)


def image_of(**fields):
    seg = dict(sem_seg=torch.from_numpy(PANOPTIC)[None])
    sample = dict(img_id=1, pred_panoptic_seg=seg, **fields)
    return ScoredImage(sample, ImageTruth('x.png', TRUTH, SEGMENTS), TABLE)


def test_without_instances_the_thing_segments_are_taken_with_score_1():
    image = image_of()
    found = image.instances
    assert found.categories.tolist() == [0, 0]
    assert found.scores.tolist() == [1, 1]
    assert np.array_equal(found.masks(), PANOPTIC == [[[1000]], [[3000]]])
    assert image.instance_overlaps().tolist() == [[0, 2, 0], [0, 1, 0]]


def test_the_score_of_a_segment_is_the_mean_probability_of_its_class():
    probs = torch.tensor([[[0.5, 0.7, 0.1], [0.2, 0.1, 0.1]], [[9.0] * 3] * 2])
    labels = dict(sem_seg=torch.from_numpy(PANOPTIC % 1000)[None], scores=probs)
    found = image_of(pred_sem_seg=labels).instances
    np.testing.assert_allclose(found.scores, [0.6, 0.2], rtol=1e-6)


def test_instances_without_masks_do_not_hide_the_segments():
    boxes = dict(bboxes=torch.zeros(1, 4), labels=torch.tensor([0]))
    assert image_of(pred_instances=boxes).instances.categories.tolist() == [0, 0]


def instances_of(masks):
    count = len(masks)
    return dict(masks=masks, labels=torch.zeros(count).long(), scores=torch.ones(count))


def test_overlapping_masks_are_taken_as_they_are():
    masks = torch.tensor([[[1, 1, 1], [0, 0, 0]], [[1, 0, 0], [1, 1, 0]]]).bool()
    image = image_of(pred_instances=instances_of(masks))
    assert np.array_equal(image.instances.masks(), masks.numpy())
    assert image.instance_overlaps().tolist() == [[0, 2, 1], [1, 2, 0]]


@pytest.mark.parametrize('count', [0, 2])
def test_run_length_codes_of_a_dump_are_masks_again(count):
    masks = np.array([[[1, 1, 1], [0, 0, 0]], [[1, 0, 0], [1, 1, 0]]], bool)[:count]
    codes = encode_mask_results(masks)
    image = image_of(pred_instances=instances_of(codes))
    assert np.array_equal(image.instances.masks(), masks)
    assert image.instance_overlaps().shape == (count, 3)


def test_masks_of_another_size_are_refused():
    image = image_of(pred_instances=instances_of(torch.ones(1, 3, 3).bool()))
    with pytest.raises(ValueError, match=r'image 1: .*\(2, 3\).*\(3, 3\)'):
        _ = image.instances


def test_overlaps_of_masks_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    ids, masks = rng.integers(0, 4, (6, 7)) * 3, rng.random((5, 6, 7)) < 0.4
    values = np.unique(ids)
    expected = [[(mask & (ids == v)).sum() for v in values] for mask in masks]
    assert mask_overlaps(masks, ids, values).tolist() == expected
