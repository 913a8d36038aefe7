"""Void survives what mmdet's transforms fill a segment map with."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmpisr.datasets.transforms.loading import match_segment_ids, segment_numbers
from mmpisr.registry import TRANSFORMS

STEPS = dict(
    Rotate=dict(level=5),
    ShearX=dict(level=8),
    ShearY=dict(level=8),
    TranslateX=dict(level=5),
    TranslateY=dict(level=5),
    RandomErasing=dict(n_patches=3, ratio=0.3),
    Expand=dict(prob=1.0, seg_ignore_label=255),
    RandAugment=dict(aug_num=2),
    AutoAugment=dict(),
    CutOut=dict(n_holes=2, cutout_ratio=(0.3, 0.3)),
    FixScaleResize=dict(scale=(40, 40), keep_ratio=True),
    RandomCrop=dict(crop_size=(20, 20)),
)


def make_results(count):
    """An image whose pixels say the segment, ``count`` segments in rows."""
    ids = np.zeros((40, 60), dtype=int)
    ids.ravel()[: 4 * count] = np.repeat(np.arange(count) + 1, 4)
    labels = np.arange(count) % 7
    return dict(
        img=np.full((40, 60, 3), 9, dtype=np.uint8),
        img_shape=(40, 60),
        img_id=1,
        gt_seg_map=match_segment_ids(ids, np.arange(count) + 1),
        segments=dict(
            labels=labels, is_thing=labels < 3, is_crowd=np.zeros(count, dtype=bool)
        ),
        num_classes=7,
    )


def pack(results):
    for kind in 'PanopticDeepLabTargets', 'InstancesFromSegments', 'PackPanopticInputs':
        results = TRANSFORMS.build(dict(type=f'mmpisr.{kind}'))(results)
    return results['data_samples']


@pytest.mark.parametrize('name', STEPS)
@pytest.mark.parametrize('count', [3, 300])
def test_what_a_transform_of_mmdet_fills_in_is_void(name, count):
    init_default_scope('mmdet')
    np.random.seed(0)
    step = TRANSFORMS.build(dict(type=f'mmdet.{name}', **STEPS[name]))

    results = step(make_results(count))
    filled = results['gt_seg_map'] == 255
    if name == 'FixScaleResize':  # 26 rows of the image, 27 of the map
        filled = filled[:26]
    sample = pack(results)

    semantic = sample.gt_sem_seg.sem_seg[0].numpy()
    assert semantic.shape == results['img'].shape[:2]
    assert (semantic[filled] == 255).all()
    assert (sample.gt_panoptic_seg.sem_seg[0].numpy()[filled] == 7).all()
    assert not sample.gt_panoptic_deeplab.center_weights[0].numpy()[filled].any()
    assert not sample.gt_instances.masks.masks.any(axis=0)[filled].any()


def test_no_segment_is_numbered_255_and_none_is_lost():
    ids = np.arange(400).reshape(20, 20)

    index_map = match_segment_ids(ids, np.arange(1, 400))

    assert 255 not in index_map
    np.testing.assert_array_equal(segment_numbers(dict(gt_seg_map=index_map)), ids)


def test_labels_of_300_segments_are_their_own():
    results = make_results(300)
    expected = np.append(np.repeat(np.arange(300) % 7, 4), [255] * 1200)

    semantic = pack(results).gt_sem_seg.sem_seg[0].numpy()

    np.testing.assert_array_equal(semantic.ravel(), expected)


def test_a_padded_image_gets_the_rule_of_padding_at_the_latest_when_it_is_packed():
    results = dict(make_results(3), img_path='a.jpg')
    results = TRANSFORMS.build(dict(type='mmdet.Pad', size_divisor=64))(results)

    with pytest.raises(
        ValueError, match=r'a.jpg: .*pads to \(64, 64\).*BatchFixedSize'
    ):
        pack(results)


def test_an_image_that_has_left_its_map_behind_is_refused_when_it_is_packed():
    results = dict(make_results(3), img_path='a.jpg')
    results['img'] = results['img'][:30]

    with pytest.raises(ValueError, match=r'a.jpg: .*\(30, 60\) .* \(40, 60\)'):
        pack(results)


@pytest.fixture
def resized():
    """A sample whose segments were loaded after its image had been resized."""
    results = dict(make_results(3), is_original_map=True)
    results['img'] = results['img'][:20, :30]
    return results


def test_the_map_of_a_test_pipeline_may_keep_the_original_size(resized):
    packed = TRANSFORMS.build(dict(type='mmpisr.PackPanopticInputs'))(resized)

    assert packed['data_samples'].gt_sem_seg.sem_seg.shape == (1, 40, 60)


def test_targets_need_a_map_of_the_size_of_the_image(resized):
    with pytest.raises(ValueError, match=r'\(40, 60\)'):
        pack(resized)
