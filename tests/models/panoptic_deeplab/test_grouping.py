"""Two things (0, 1) and two stuff classes (2, 3); void is 4."""

import numpy as np
import pytest
import torch
from speed.per_instance import group_per_instance

from mmpisr.models.panoptic_deeplab import grouping
from mmpisr.models.panoptic_deeplab.grouping import (
    find_centers,
    group_panoptic,
    group_pixels,
    majority_labels,
    paste_stuff,
)

CLASSES = dict(num_things=2, num_classes=4)


def offsets_to(points, owner):
    """Offsets that lead each pixel of ``owner`` (H, W) to its point (y, x)."""
    rows, columns = torch.meshgrid(
        torch.arange(owner.shape[0]), torch.arange(owner.shape[1]), indexing='ij'
    )
    target = torch.tensor(points)[owner]  # (H, W, 2)
    return torch.stack([target[..., 0] - rows, target[..., 1] - columns]).float()


def heatmap(points, size=(12, 20), scores=None):
    center = torch.zeros(1, *size)
    for index, (y, x) in enumerate(points):
        center[0, y, x] = 0.9 if scores is None else scores[index]
    return center


def test_centres_come_in_reading_order_with_their_scores():
    centers = find_centers(heatmap([(9, 3), (2, 15)], scores=[0.9, 0.5]))
    assert centers.points.tolist() == [[2, 15], [9, 3]]
    torch.testing.assert_close(centers.scores, torch.tensor([0.5, 0.9]))


def test_a_lower_peak_within_the_window_or_the_threshold_is_no_centre():
    points = [(5, 5), (5, 8), (5, 12), (0, 0)]
    center = heatmap(points, scores=[0.9, 0.8, 0.7, 0.1])
    assert find_centers(center, nms_kernel=7).points.tolist() == [[5, 5], [5, 12]]


def test_only_the_best_centres_are_kept():
    points = [(0, 0), (0, 10), (6, 0), (6, 10)]
    centers = find_centers(heatmap(points, scores=[0.2, 0.9, 0.8, 0.3]), top_k=2)
    assert centers.points.tolist() == [[0, 10], [6, 0]]


def test_a_flat_map_has_no_centre_and_a_map_of_one_pixel_has_one():
    assert find_centers(torch.zeros(1, 9, 9)).points.shape == (0, 2)
    assert find_centers(torch.ones(1, 1, 1)).points.tolist() == [[0, 0]]


def everywhere(offset):
    return torch.arange(offset[0].numel())


def test_pixels_go_to_the_centre_that_their_offset_is_nearest_to():
    owner = (
        torch.rand(12, 20, generator=torch.Generator().manual_seed(0)) > 0.5
    ).long()
    points = [(2, 3), (9, 17)]
    offset = offsets_to(points, owner)
    nearest = group_pixels(torch.tensor(points), offset, everywhere(offset))
    torch.testing.assert_close(nearest, owner.flatten())


@pytest.mark.parametrize('count', [1, 7, 60])
def test_cells_give_the_nearest_of_all_centres(count, monkeypatch):
    generator = torch.Generator().manual_seed(count)
    points = torch.randint(40, (count, 2), generator=generator)
    offset = torch.randint(-30, 30, (2, 40, 50), generator=generator) / 2  # many ties
    offset[0, 3, 5], offset[1, 7, 9], offset[0, 8, 8] = torch.nan, torch.inf, 1e30
    frame = torch.stack(torch.meshgrid(*map(torch.arange, (40, 50)), indexing='ij'))
    gaps = points[:, :, None] - (offset + frame).flatten(1)  # (K, 2, M)
    expected = gaps.square().sum(dim=1).sqrt().argmin(dim=0)

    for limit in (1 << 22, 50):
        monkeypatch.setattr(grouping, 'MAX_DISTANCES', limit)
        actual = group_pixels(points, offset, everywhere(offset))
        torch.testing.assert_close(actual, expected)


def test_a_tie_goes_to_the_first_centre():
    offset = torch.zeros(2, 1, 3)
    nearest = group_pixels(
        torch.tensor([[0, 0], [0, 2]]), offset, torch.tensor([2, 1, 0])
    )
    assert nearest.tolist() == [1, 0, 0]


def test_the_majority_wins_and_the_smaller_class_wins_a_tie():
    ids = torch.tensor([0, 0, 0, 2, 2])
    labels = torch.tensor([1, 1, 0, 1, 0])
    actual = majority_labels(ids, labels, num_instances=3, num_classes=2)
    assert actual.tolist() == [1, -1, 0]


def test_small_stuff_and_things_become_void():
    labels = torch.tensor([[2, 2, 2, 3, 0]])
    assert paste_stuff(labels, min_area=3, **CLASSES).tolist() == [[2, 2, 2, 4, 4]]


def test_a_panoptic_map_by_hand():
    labels = torch.full((12, 20), 2)
    labels[:, 16:] = 3
    labels[2:6, 2:6] = 1
    labels[2, 2] = 0  # outvoted
    labels[7:10, 9:12] = 0
    owner = (labels == 0).long()
    owner[2, 2] = 0
    points = [(4, 4), (8, 10)]

    result = group_panoptic(
        labels,
        heatmap([*points, (11, 0)], scores=[0.6, 0.8, 0.9]),
        offsets_to(points, owner),
        stuff_area_limit=10,
        **CLASSES,
    )

    expected = torch.full((12, 20), 2)
    expected[:, 16:] = 3
    expected[2:6, 2:6] = 1001
    expected[7:10, 9:12] = 2000
    torch.testing.assert_close(result.panoptic, expected)
    assert result.labels.tolist() == [1, 0]
    torch.testing.assert_close(result.scores, torch.tensor([0.6, 0.8]))


def test_things_without_a_centre_are_void():
    result = group_panoptic(
        torch.zeros(5, 6, dtype=torch.long),
        torch.zeros(1, 5, 6),
        torch.zeros(2, 5, 6),
        **CLASSES,
    )
    assert (result.panoptic == 4).all()
    assert len(result.labels) == len(result.scores) == 0


@pytest.mark.parametrize('num_peaks', [0, 1, 30, 400])
def test_results_equal_a_loop_over_instances_and_classes(num_peaks):
    generator = torch.Generator().manual_seed(num_peaks)
    labels = torch.randint(4, (70, 90), generator=generator)
    center = torch.zeros(1, 70, 90)
    places = torch.randperm(70 * 90, generator=generator)[:num_peaks]
    center.view(-1)[places] = torch.rand(num_peaks, generator=generator)
    offset = 20 * torch.randn(2, 70, 90, generator=generator)
    options = dict(top_k=50, nms_kernel=3, stuff_area_limit=1570, **CLASSES)

    result = group_panoptic(labels, center, offset, **options)
    expected = group_per_instance(labels, center, offset, **options)

    torch.testing.assert_close(result.panoptic, expected)
    torch.testing.assert_close(
        result.instance_ids, torch.where(expected >= 1000, expected // 1000, 0)
    )


def detectron2_encoding(result, num_things, num_stuff):
    """Class * 1000 + number within the class, stuff first, -1 void."""
    label, instance = result.panoptic % 1000, result.panoptic // 1000
    within = torch.ones_like(result.labels)
    for index, thing in enumerate(result.labels):
        within[index] = (result.labels[: index + 1] == thing).sum()
    number = torch.cat([torch.zeros(1, dtype=torch.long), within])[instance]
    is_thing = instance > 0
    classes = torch.where(is_thing, label + num_stuff, label - num_things)
    void = label == num_things + num_stuff
    return torch.where(void, -1, classes * 1000 + number).numpy()


@pytest.mark.parametrize('scene', [11, 12, 13])
def test_detectron2_answers_are_reproduced_exactly(shared_data, scene):
    recorded = np.load(shared_data / 'detectron2_reference' / 'postprocess.npz')
    stuff_first = torch.from_numpy(recorded[f'labels_{scene}']).long()

    result = group_panoptic(
        (stuff_first + 8) % 19,
        torch.from_numpy(recorded[f'center_{scene}'])[None],
        torch.from_numpy(recorded[f'offset_{scene}']),
        num_things=8,
        num_classes=19,
    )

    actual = detectron2_encoding(result, 8, 11)
    np.testing.assert_array_equal(actual, recorded[f'panoptic_{scene}'])
