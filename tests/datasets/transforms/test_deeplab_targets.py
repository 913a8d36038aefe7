"""Panoptic-DeepLab targets: by hand, in the corners, and against detectron2's."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mmpisr.datasets.transforms import PanopticDeepLabTargets
from mmpisr.datasets.transforms.deeplab_targets import (
    draw_centers,
    panoptic_deeplab_targets,
)
from mmpisr.datasets.transforms.formatting import semantic_map
from mmpisr.registry import TRANSFORMS

# Label ids of Cityscapes in the order of its train ids: 11 stuff, then 8 things.
CITYSCAPES = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
THINGS_FIRST = [*range(11, 19), *range(11)]  # train id of our label


def targets(index_map, is_thing, is_crowd=None, **options):
    is_thing = np.array(is_thing, dtype=bool)
    is_crowd = np.array(is_crowd or np.zeros_like(is_thing), dtype=bool)
    made = panoptic_deeplab_targets(
        np.array(index_map, dtype=np.uint16),
        is_thing=is_thing,
        is_crowd=is_crowd,
        **options,
    )
    return SimpleNamespace(**made)


def test_offsets_point_from_each_pixel_to_the_centre_of_mass():
    made = targets([[1, 1, 2], [1, 0, 2]], [True, False])

    center_y, center_x = 1 / 3, 1 / 3
    expected_y = [[center_y, center_y, 0], [center_y - 1, 0, 0]]
    expected_x = [[center_x, center_x - 1, 0], [center_x, 0, 0]]
    np.testing.assert_allclose(made.offset, [expected_y, expected_x], rtol=1e-6)


def test_the_heatmap_is_a_gaussian_around_the_rounded_centre():
    made = targets(np.pad([[1]], ((20, 43), (10, 53))), [True], sigma=2)

    assert made.center[20, 10] == 1
    assert made.center[22, 11] == pytest.approx(np.exp(-5 / 8))
    assert made.center[20, 17] == pytest.approx(np.exp(-49 / 8))
    assert made.center[20, 18] == 0  # cut off after 3 sigma + 1


def test_overlapping_gaussians_keep_the_larger_value():
    alone = [draw_centers(np.array([c]), (30, 30), 4) for c in ([9, 9], [12, 15])]
    both = draw_centers(np.array([[9, 9], [12, 15]]), (30, 30), 4)

    np.testing.assert_array_equal(both, np.maximum(*alone))


@pytest.mark.parametrize('corner', [(0, 0), (0, 19), (29, 0), (29, 19)])
def test_a_centre_in_a_corner_stays_inside(corner):
    heatmap = draw_centers(np.array([corner]), (30, 20), 8)

    assert heatmap.shape == (30, 20)
    assert heatmap[corner] == heatmap.max() == 1


def test_weights_of_small_large_crowd_stuff_and_void():
    index_map = [[0, 1, 2, 2], [3, 4, 2, 2]]  # void, small, large, stuff, crowd
    made = targets(index_map, [1, 1, 0, 1], [0, 0, 0, 1], small_instance_area=4)

    np.testing.assert_array_equal(made.semantic_weights, [[1, 3, 1, 1], [1, 3, 1, 1]])
    np.testing.assert_array_equal(made.center_weights, [[0, 1, 1, 1], [1, 0, 1, 1]])
    np.testing.assert_array_equal(made.offset_weights, [[0, 1, 1, 1], [0, 0, 1, 1]])


@pytest.mark.parametrize('is_thing', [[], [False], [True]])
def test_without_thing_pixels_the_targets_are_zero_and_finite(is_thing):
    made = targets(np.zeros((4, 5)), is_thing)

    for name, channels in [('center', ()), ('offset', (2,)), ('offset_weights', ())]:
        value = getattr(made, name)
        assert value.shape == (*channels, 4, 5)
        assert value.dtype == np.float32
        assert not value.any()


def test_flipping_the_map_flips_the_targets():
    index_map = np.zeros((40, 50), dtype=np.uint16)
    index_map[5:12, 8:21], index_map[20:39, 30:33] = 1, 2
    made = targets(index_map, [True, True])
    flipped = targets(index_map[:, ::-1], [True, True])

    np.testing.assert_array_equal(flipped.center, made.center[:, ::-1])
    np.testing.assert_allclose(flipped.offset[1], -made.offset[1][:, ::-1], atol=1e-5)


def test_sigma_must_be_positive():
    with pytest.raises(ValueError, match='sigma must be positive, got 0'):
        PanopticDeepLabTargets(sigma=0)


def test_the_registered_transform_adds_the_targets():
    transform = TRANSFORMS.build(dict(type='mmpisr.PanopticDeepLabTargets', sigma=4))
    none = np.zeros(0, dtype=bool)
    results = transform(
        dict(
            gt_seg_map=np.zeros((4, 4), dtype=np.uint16),
            segments=dict(is_thing=none, is_crowd=none),
        )
    )

    assert set(results['gt_panoptic_deeplab']) == {
        'center',
        'offset',
        'semantic_weights',
        'center_weights',
        'offset_weights',
    }


def cityscapes_segments(instance_ids):
    """Index map and segments of a Cityscapes frame, as its own converter makes them."""
    values, index_map = np.unique(instance_ids, return_inverse=True)
    label_ids = np.where(values >= 1000, values // 1000, values)
    kept = np.isin(label_ids, CITYSCAPES)
    positions = np.where(kept, np.cumsum(kept), 0)
    train_ids = [CITYSCAPES.index(label) for label in label_ids[kept]]
    is_thing = np.array(train_ids) >= 11
    segments = dict(
        labels=np.array([THINGS_FIRST.index(train_id) for train_id in train_ids]),
        is_thing=is_thing,
        is_crowd=is_thing & (values[kept] < 1000),
    )
    return positions[index_map].reshape(instance_ids.shape), segments


def test_targets_of_a_real_frame_equal_those_of_detectron2(shared_data):
    folder = shared_data / 'cityscapes_sample/gtFine/val/aachen'
    png = folder / 'aachen_000003_000019_gtFine_instanceIds.png'
    index_map, segments = cityscapes_segments(
        cv2.imread(str(png), cv2.IMREAD_UNCHANGED)
    )
    recorded = np.load(shared_data / 'detectron2_reference/targets_aachen_000003.npz')

    made = targets(index_map, segments['is_thing'], list(segments['is_crowd']))
    semantic = semantic_map(index_map, segments)[::4, ::4]
    train_ids = np.pad(THINGS_FIRST, (0, 256 - 19), constant_values=255)[semantic]

    np.testing.assert_array_equal(train_ids, recorded['sem_seg'])
    for name, value in [
        ('center', made.center),
        ('offset', made.offset),
        ('sem_seg_weights', made.semantic_weights),
        ('center_weights', made.center_weights[None]),
        ('offset_weights', made.offset_weights[None]),
    ]:
        sampled = value[..., ::4, ::4].astype(np.float16)
        np.testing.assert_array_equal(sampled, recorded[name], err_msg=name)
