"""Two things (0, 1) and two stuff classes (2, 3); void is 4."""

import numpy as np
import pytest
import torch

from mmpisr.models.panoptic_deeplab import grouping
from mmpisr.models.panoptic_deeplab.grouping import (
    find_centers,
    group_panoptic,
    group_pixels,
    majority_labels,
    paste_stuff,
    renumber,
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


def test_pixels_go_to_the_centre_that_their_offset_is_nearest_to():
    owner = (
        torch.rand(12, 20, generator=torch.Generator().manual_seed(0)) > 0.5
    ).long()
    points = [(2, 3), (9, 17)]
    ids = group_pixels(torch.tensor(points), offsets_to(points, owner))
    torch.testing.assert_close(ids, owner + 1)


def test_blocks_do_not_change_the_grouping(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    points = torch.randint(30, (7, 2), generator=generator)
    offset = 5 * torch.randn(2, 30, 30, generator=generator)
    whole = group_pixels(points, offset)

    monkeypatch.setattr(grouping, 'MAX_DISTANCES', 50)

    torch.testing.assert_close(group_pixels(points, offset), whole)


def test_a_tie_goes_to_the_first_centre():
    ids = group_pixels(torch.tensor([[0, 0], [0, 2]]), torch.zeros(2, 1, 3))
    assert ids.tolist() == [[1, 1, 2]]


def test_without_centres_every_pixel_is_unassigned():
    ids = group_pixels(torch.zeros(0, 2, dtype=torch.long), torch.zeros(2, 3, 4))
    torch.testing.assert_close(ids, torch.zeros(3, 4, dtype=torch.long))


def test_renumbering_closes_gaps_and_returns_the_old_ids():
    ids, origin = renumber(torch.tensor([[0, 4], [2, 4]]), 5)
    assert ids.tolist() == [[0, 2], [1, 2]]
    assert origin.tolist() == [2, 4]


def test_the_majority_wins_and_the_smaller_class_wins_a_tie():
    ids = torch.tensor([[1, 1, 1, 2, 2, 0]])
    labels = torch.tensor([[1, 1, 0, 1, 0, 3]])
    actual = majority_labels(ids, labels, num_instances=2, num_classes=2)
    assert actual.tolist() == [1, 0]


def test_small_stuff_and_leftover_things_become_void():
    labels = torch.tensor([[2, 2, 2, 3, 0, 2]])
    free = torch.tensor([[True, True, True, True, True, False]])
    assert paste_stuff(labels, free, min_area=3, **CLASSES).tolist() == [
        [2, 2, 2, 4, 4, 4]
    ]


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
