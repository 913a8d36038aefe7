"""Scenes: relations decide, nothing near an ambiguous object gives them away."""

from collections import Counter

import cv2
import numpy as np
import pytest
from scenes import draw_scene

from mmpisr.datasets.panoptic_scenes import RELATIONS, PanopticScenes

SIZE = (128, 192)
CLASSES = PanopticScenes.METAINFO['classes']


@pytest.fixture(scope='module')
def scenes():
    return [draw_scene((0, 0, index), SIZE) for index in range(120)]


def mask_of(scene, name):
    found = [i + 1 for i, (n, _) in enumerate(scene.segments) if n == name]
    return np.isin(scene.index_map, found)


def names_of(scene):
    return {name for name, _ in scene.segments}


@pytest.mark.parametrize('relation', RELATIONS)
def test_the_decider_alone_decides(scenes, relation):
    for scene in scenes:
        names = names_of(scene)
        wrong = relation.absent if relation.decider in names else relation.present
        assert wrong not in names


@pytest.mark.parametrize('relation', RELATIONS)
def test_both_answers_are_equally_frequent(scenes, relation):
    counts = Counter(name for scene in scenes for name in names_of(scene))
    present, absent = counts[relation.present], counts[relation.absent]

    assert present + absent > 0.6 * len(scenes)
    assert 0.35 < present / (present + absent) < 0.65


@pytest.mark.parametrize('relation', RELATIONS)
def test_forcing_a_decider_changes_its_own_pixels_only(relation):
    pairs = 0
    for index in range(40):
        with_it, without = (
            draw_scene((3, index), SIZE, deciders={relation.decider: there})
            for there in (True, False)
        )
        region = mask_of(with_it, relation.present)
        if not region.any():
            continue
        pairs += 1
        np.testing.assert_array_equal(region, mask_of(without, relation.absent))
        changed = (with_it.image != without.image).any(axis=-1)
        assert not (changed & ~grown(mask_of(with_it, relation.decider))).any()
        assert distance_in_rows(changed, region) >= 8
    assert pairs > 10


def grown(mask):
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))).astype(bool)


def distance_in_rows(upper, lower):
    return np.nonzero(lower)[0].min() - np.nonzero(upper)[0].max()


@pytest.mark.parametrize('relation', RELATIONS)
def test_a_decider_is_large_enough_to_be_found(scenes, relation):
    for scene in scenes:
        ys, xs = np.nonzero(mask_of(scene, relation.decider))
        if len(ys):
            assert max(np.ptp(ys), np.ptp(xs)) + 1 >= 12
            assert len(ys) >= 60


def test_every_class_a_crowd_and_void_occur(scenes):
    assert set().union(*map(names_of, scenes)) == set(CLASSES)
    assert any(crowd for scene in scenes for _, crowd in scene.segments)
    assert any((scene.index_map == 0).any() for scene in scenes)


def test_things_are_occluded_truncated_and_tiny(scenes):
    areas, at_border = [], 0
    for scene in scenes:
        sizes = np.bincount(scene.index_map.ravel())[1:]
        edge = np.unique(scene.index_map[:, [0, -1]])
        for i, (name, _) in enumerate(scene.segments):
            if name in ('car', 'person'):
                areas.append(sizes[i])
                at_border += i + 1 in edge

    assert min(areas) < 40
    assert max(areas) > 400
    assert at_border > 5


def test_every_segment_shows(scenes):
    for scene in scenes:
        sizes = np.bincount(scene.index_map.ravel(), minlength=len(scene.segments) + 1)
        assert sizes[1:].min() >= 6


def test_a_scene_depends_on_its_seed_only():
    first, again = (draw_scene((1, 2, 3), SIZE) for _ in range(2))
    other = draw_scene((1, 2, 4), SIZE)

    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.index_map, again.index_map)
    assert (first.image != other.image).any()


@pytest.mark.parametrize('size', [(32, 32), (96, 50), (300, 401)])
def test_any_size_can_be_drawn(size):
    scene = draw_scene((0, 0), size, deciders=dict(boat=True, snow=True, lamp=True))

    assert scene.image.shape == (*size, 3)
    assert scene.index_map.shape == size
    assert {'boat', 'snow', 'lamp'} <= names_of(scene)
