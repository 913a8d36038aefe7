from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

from mmpisr.evaluation.reweighting import (
    RelationCall,
    ReweightingScores,
    SplitScores,
    row_names,
)
from mmpisr.evaluation.slot_matching import (
    present_classes,
    resize_nearest,
    slot_objects,
)

VOID = 3


def truth():
    """Two things of class 0, stuff 2 around, void at the right; class 1 is absent."""
    panoptic = torch.full((8, 12), 2)
    panoptic[:, 10:] = VOID
    panoptic[1:5, 1:5] = 1000
    panoptic[3:7, 6:9] = 2000
    return panoptic


def test_present_classes_are_those_of_the_labels():
    assert present_classes(truth(), 3).tolist() == [True, False, True]


def test_classes_of_an_all_void_map_are_absent():
    assert not present_classes(torch.full((4, 4), VOID), 3).any()


def test_resizing_takes_whole_pixels():
    small = resize_nearest(torch.tensor([[1, 1, 2, 2], [1, 1, 2, 2]]), (1, 2))
    assert small.tolist() == [[1, 2]]


def slots():
    """A false alarm, the first thing, it again, half the second, too faint a one."""
    heatmaps = torch.zeros(5, 8, 12)
    heatmaps[0, 6:, :4] = 1
    heatmaps[1, 1:5, 1:5] = 0.9
    heatmaps[2, 1:5, 1:4] = 0.9
    heatmaps[3, 3:5, 6:9] = 0.5
    heatmaps[4] = 0.4
    return heatmaps


def test_a_slot_matches_an_object_once_and_from_half_an_iou():
    expected = [-1, 1000, -1, 2000, -1]
    assert slot_objects(slots(), truth()).tolist() == expected


def test_the_better_slot_takes_the_object_even_if_it_fits_worse():
    order = [2, 1]
    assert slot_objects(slots()[order], truth()).tolist() == [1000, -1]


def test_a_truth_of_twice_the_size_gives_the_same_matches():
    large = truth().repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert slot_objects(slots(), large).equal(slot_objects(slots(), truth()))


@pytest.mark.parametrize('count', [0, 2])
def test_nothing_matches_where_there_are_no_objects(count):
    assert slot_objects(torch.ones(count, 8, 12), torch.full((8, 12), 2)).tolist() == (
        [-1] * count
    )


def test_means_and_auroc_are_those_of_a_hand():
    scores = SplitScores(2)
    scores.add(np.array([0.9, 0.1]), np.array([True, False]), np.array([True, True]))
    scores.add(np.array([0.5, 0.3]), np.array([True, True]), np.array([True, False]))
    scores.add(np.array([0.7, 0.7]), np.array([False, True]), np.array([True, True]))

    # positives 0.9, 0.5, 0.7; negatives 0.1, 0.7: 4 wins and a tie of 6 pairs
    np.testing.assert_allclose(scores.means(), [[0.7, 0.1], [0.7, 0.7]])
    np.testing.assert_allclose(scores.overall(), [0.4, 0.7])
    assert scores.auroc() == pytest.approx(4.5 / 6)


def test_means_of_nothing_are_nan_without_a_warning(recwarn):
    scores = SplitScores(3)
    assert np.isnan(scores.means()).all()
    assert np.isnan(scores.auroc())
    assert not recwarn


def sample():
    return DetDataSample(gt_panoptic_seg=PixelData(sem_seg=truth()[None]))


def test_padding_is_cut_off_by_the_mask():
    heatmaps = torch.zeros(1, 5, 10, 16)
    mask = torch.zeros(1, 10, 16, dtype=torch.bool)
    mask[:, :8, :12] = True
    call = RelationCall(None, 3, heatmaps)

    assert call._replace(pixel_mask=mask).heatmaps_of(0).shape == (5, 8, 12)
    assert call.heatmaps_of(0).shape == (5, 10, 16)


def test_scores_of_an_image_go_where_they_belong():
    batch = torch.tensor([[0.9, 0.2, 0.8, 0.1, 0.7, 0.3, 0.6, 0.0]])
    valid = torch.tensor([[True, True, True, True, False]])
    scores = ReweightingScores(3, 5)

    scores.add(RelationCall(batch, 3, slots()[None], valid), [sample()])

    values = scores.scalars(['red car', 'cat', 'sky'])
    assert values.pop('auroc/classes') == 1
    assert values.pop('auroc/instances') == 1
    assert values == pytest.approx(
        {
            'present/red_car': 0.9,
            'absent/cat': 0.2,
            'present/sky': 0.8,
            'mean/present': 0.85,
            'mean/absent': 0.2,
            'false_positive/rank_01': 0.1,
            'matched/rank_02': 0.7,
            'false_positive/rank_03': 0.3,
            'matched/rank_04': 0.6,
            'mean/matched': 0.65,
            'mean/false_positive': 0.2,
        },
        abs=1e-6,
    )


def test_classes_that_a_relation_reads_as_one_are_present_together():
    rows = [1, 1, 0]  # two things share a row, the stuff has its own
    call = RelationCall(None, 2, torch.zeros(1, 1, 1, 1), semantic_index=rows)

    assert call.present(torch.tensor([[1001, 3]])).tolist() == [False, True]
    assert call.present(torch.tensor([[2, 3]])).tolist() == [True, False]


def test_a_row_of_several_classes_is_named_after_the_first():
    names = ['car', 'bus', 'sky']

    assert row_names(names, [1, 1, 0]) == ['sky', 'car and 1 more']
    assert row_names(names, None) is names


def test_a_call_is_read_by_position_and_by_name():
    scores, probs = torch.rand(1, 8), torch.rand(1, 3, 8, 12)
    feats, output = torch.rand(1, 4, 8, 12), SimpleNamespace(scores=scores)

    by_place = RelationCall.of((feats, probs, slots()[None]), {}, output)
    by_name = RelationCall.of(
        (feats,), dict(sem_probs=probs, inst_heatmaps=slots()[None]), output
    )

    assert by_place.num_classes == by_name.num_classes == 3
    assert by_place.heatmaps.equal(by_name.heatmaps)
    assert by_place.valid is None


def test_without_a_mark_every_slot_of_an_image_is_filled():
    call = RelationCall(torch.rand(1, 8), 3, slots()[None])
    matched, filled = call.matched(0, sample())
    assert filled.all()
    assert matched.tolist() == [False, True, False, True, False]
    assert call.present(truth()).tolist() == [True, False, True]
