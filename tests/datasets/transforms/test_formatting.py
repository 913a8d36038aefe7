"""Packing: the encodings of semantic and panoptic ground truth."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmpisr.datasets.transforms import PackPanopticInputs
from mmpisr.datasets.transforms.formatting import panoptic_map, semantic_map
from mmpisr.registry import TRANSFORMS

INDEX_MAP = np.array([[0, 1, 2, 3, 4]], dtype=np.uint16)
SEGMENTS = dict(  # stuff 3, thing 1, crowd of thing 0, thing 0; five classes
    labels=np.array([3, 1, 0, 0]),
    is_thing=np.array([False, True, True, True]),
    is_crowd=np.array([False, False, True, False]),
)


@pytest.fixture
def results():
    return dict(
        img=np.zeros((1, 5, 3), dtype=np.uint8),
        img_id=7,
        num_classes=5,
        gt_seg_map=INDEX_MAP,
        segments=SEGMENTS,
    )


def test_void_is_255_and_a_crowd_keeps_its_class_in_the_semantic_map():
    assert semantic_map(INDEX_MAP, SEGMENTS).tolist() == [[255, 3, 1, 0, 0]]


def test_void_and_crowd_are_the_number_of_classes_in_the_panoptic_map():
    assert panoptic_map(INDEX_MAP, SEGMENTS, 5).tolist() == [[5, 3, 1001, 5, 2000]]


def test_an_image_without_segments_is_void():
    nothing = {key: value[:0] for key, value in SEGMENTS.items()}
    void = np.zeros((1, 2), dtype=np.uint16)

    assert semantic_map(void, nothing).tolist() == [[255, 255]]
    assert panoptic_map(void, nothing, 5).tolist() == [[5, 5]]


def test_the_sample_has_both_maps_with_a_channel(results):
    packed = PackPanopticInputs()(results)
    sample = packed['data_samples']

    assert packed['inputs'].shape == (3, 1, 5)
    for data in (sample.gt_sem_seg, sample.gt_panoptic_seg):
        assert data.sem_seg.shape == (1, 1, 5)
        assert data.sem_seg.dtype == torch.int64
    assert sample.img_id == 7
    assert sample.scale_factor == (1.0, 1.0)
    assert 'gt_panoptic_deeplab' not in sample


def test_targets_are_packed_with_channels(results):
    TRANSFORMS.build(dict(type='mmpisr.PanopticDeepLabTargets'))(results)
    targets = PackPanopticInputs()(results)['data_samples'].gt_panoptic_deeplab

    shapes = {name: tuple(value.shape) for name, value in targets.items()}
    assert shapes == {
        'center': (1, 1, 5),
        'offset': (2, 1, 5),
        'semantic_weights': (1, 1, 5),
        'center_weights': (1, 1, 5),
        'offset_weights': (1, 1, 5),
    }


def test_without_segments_only_the_image_is_packed(results):
    del results['gt_seg_map'], results['segments']

    sample = PackPanopticInputs(meta_keys=['img_id'])(results)['data_samples']

    assert 'gt_sem_seg' not in sample
    assert sample.metainfo == dict(img_id=7)


def test_geometric_transforms_of_mmdet_keep_image_and_segments_together(results):
    init_default_scope('mmdet')
    shades = np.arange(0, 250, 50, dtype=np.uint8).repeat(4)
    results['img'] = np.broadcast_to(shades[None, :, None], (8, 20, 3)).copy()
    results['gt_seg_map'] = (results['img'][..., 0] // 50).astype(np.uint16)
    for transform in (
        dict(type='mmdet.RandomFlip', prob=1.0),
        dict(type='mmdet.RandomCrop', crop_size=(10, 6)),
        dict(type='mmdet.Resize', scale=(20, 12), interpolation='nearest'),
        dict(type='mmdet.Pad', size=(24, 16), pad_val=dict(img=0, seg=0)),
    ):
        results = TRANSFORMS.build(transform)(results)

    assert results['gt_seg_map'].shape == (16, 24)
    np.testing.assert_array_equal(results['img'][..., 0] // 50, results['gt_seg_map'])
