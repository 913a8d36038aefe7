"""Things as boxes and masks."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmpisr.datasets.transforms import InstancesFromSegments, PackPanopticInputs

INDEX_MAP = np.array([[0, 1, 2, 2], [3, 1, 2, 2]], dtype=np.uint16)
SEGMENTS = dict(  # stuff 3, thing 1, crowd of thing 0, and a thing that was cropped off
    labels=np.array([3, 1, 0, 2]),
    is_thing=np.array([False, True, True, True]),
    is_crowd=np.array([False, False, True, False]),
)


@pytest.fixture
def results():
    return dict(gt_seg_map=INDEX_MAP.copy(), segments=SEGMENTS)


def test_visible_things_become_boxes_masks_and_labels(results):
    made = InstancesFromSegments()(results)

    assert made['gt_bboxes'].tensor.tolist() == [[2, 0, 4, 2], [0, 1, 1, 2]]
    assert made['gt_bboxes_labels'].tolist() == [1, 0]
    assert made['gt_ignore_flags'].tolist() == [False, True]
    assert made['gt_masks'].masks.sum((1, 2)).tolist() == [4, 1]


def test_an_image_without_things_has_no_boxes(results):
    results['segments'] = {**SEGMENTS, 'is_thing': np.zeros(4, dtype=bool)}

    made = InstancesFromSegments()(results)

    assert made['gt_bboxes'].tensor.shape == (0, 4)
    assert made['gt_masks'].masks.shape == (0, 2, 4)


def test_without_annotation_nothing_is_made():
    assert InstancesFromSegments()({}) == {}


def test_the_packed_sample_ignores_a_crowd(results):
    init_default_scope('mmdet')
    results.update(img=np.zeros((2, 4, 3), np.uint8), img_id=1, num_classes=5)

    packed = PackPanopticInputs()(InstancesFromSegments()(results))
    sample = packed['data_samples']

    assert sample.gt_instances.labels.tolist() == [1]
    assert sample.ignored_instances.labels.tolist() == [0]
