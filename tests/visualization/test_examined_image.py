"""What is read of every host, on images that are padded."""

import re

import cv2
import numpy as np
import pytest
import tiny_hosts
import torch
from mmengine.structures import PixelData

from mmpisr.datasets import PanopticScenes
from mmpisr.models.hosts import RelationHost
from mmpisr.visualization.examined_image import ExaminedImage

FAMILIES = ['panoptic-deeplab', 'panoptic-fpn', 'maskformer']
SIZE = (50, 70)  # padded to (64, 96)
META = PanopticScenes.METAINFO


def show(family, folder, *, host=True, change=lambda model: None):
    """A random image, predicted by a small model."""
    model = tiny_hosts.build(family, host=host).eval()
    change(model)
    batch = tiny_hosts.make_batch(family, SIZE)
    path = folder / 'image.png'
    cv2.imwrite(str(path), batch['inputs'][0].permute(1, 2, 0).numpy())
    batch['data_samples'][0].set_metainfo(dict(img_path=str(path), frame='RGB'))
    return ExaminedImage(model, batch, META)


@pytest.fixture(params=FAMILIES)
def shown(request, tmp_path):
    return show(request.param, tmp_path)


def test_all_maps_are_probabilities_and_come_back_in_the_size_of_the_image(shown):
    maps = shown.maps

    assert shown.panoptic.shape == shown.image.shape[:2] == SIZE
    for stage in maps[:2]:
        assert len(stage) == len(shown.names) == len(META['classes'])
        assert 0 <= stage.min() <= stage.max() <= 1 + 1e-5
    assert maps.after.shape == maps.before.shape != (19, *SIZE)
    assert len(maps.scores) == len(maps.slots) > 0
    assert shown.in_image(maps.slots).shape[1:] == SIZE
    assert shown.in_image(maps.slots[:0]).shape == (0, *SIZE)  # no slot is filled


def test_zeroing_an_encoding_changes_what_the_pixel_is(shown):
    label, changes = shown.dependence((69, 49))

    row, column = shown.feature_pixel((69, 49), shown.maps.after.shape[1:])
    assert label == int(shown.maps.after[:, row, column].argmax())
    assert len(changes) == len(shown.names) + len(shown.maps.slots)
    assert changes.isfinite().all()
    assert changes.abs().max() > 0


def test_a_closed_gate_makes_a_pixel_depend_on_nothing(tmp_path):
    def close(model):
        tiny_hosts.relation_of(model).fuse.close_gate()

    _, changes = show('panoptic-deeplab', tmp_path, change=close).dependence((5, 5))
    assert not changes.any()


def test_points_fall_on_the_pixel_of_the_feature_map_below_them(tmp_path):
    shown = show('panoptic-deeplab', tmp_path)
    size = (16, 24)  # of 64 x 96 pixels
    assert shown.feature_pixel((0, 0), size) == (0, 0)
    assert shown.feature_pixel((3, 4), size) == (1, 0)
    assert shown.feature_pixel((69, 49), size) == (12, 17)


def test_the_prediction_has_the_classes_of_the_final_maps(tmp_path):
    shown = show('panoptic-deeplab', tmp_path)
    stuff = shown.in_image(shown.maps.after).argmax(axis=0)
    agrees = (shown.panoptic % 1000 == stuff)[shown.panoptic < 19]
    assert agrees.mean() > 0.9


def test_centres_are_those_of_a_panoptic_deeplab_with_or_without_relation(tmp_path):
    for host in (True, False):
        shown = show('panoptic-deeplab', tmp_path, host=host)
        assert shown.class_and_center(3).shape == (2, *SIZE)
    with pytest.raises(ValueError, match='MaskFormer predicts no centre map'):
        show('maskformer', tmp_path).class_and_center(3)


def test_what_a_model_lacks_is_named(tmp_path):
    base = show('panoptic-deeplab', tmp_path, host=False)
    with pytest.raises(ValueError, match='PanopticDeepLab has 0 relations'):
        _ = base.maps
    with pytest.raises(ValueError, match='Own gives no final class probabilities'):
        type('Own', (RelationHost,), {})().final_probs(None, [])


def test_only_pisr_has_encodings(tmp_path):
    shown = show('panoptic-deeplab', tmp_path)
    shown.host.relation = torch.nn.Identity()
    with pytest.raises(ValueError, match=re.escape('Identity has no encodings')):
        shown.dependence((0, 0))


def test_a_prediction_is_that_of_the_model(tmp_path):
    shown = show('panoptic-deeplab', tmp_path)
    batch = tiny_hosts.make_batch('panoptic-deeplab', SIZE)
    sample = shown.model.test_step(batch)[0]
    assert isinstance(sample.pred_panoptic_seg, PixelData)
    expected = sample.pred_panoptic_seg.sem_seg[0].numpy()
    np.testing.assert_array_equal(shown.panoptic, expected)
