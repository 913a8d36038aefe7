import numpy as np
import pytest

from mmpisr.evaluation.reweighting import ImageScores
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.explanations.observations import Observations
from mmpisr.explanations.score_summary import (
    area_entries,
    class_confidence_entries,
    class_entries,
    column_rows,
    decider_class_entries,
    decider_slot_entries,
    rank_entries,
    score_row,
    slot_confidence_entries,
    slot_entries,
    slot_means,
    within_columns,
)

NAMES = ['car', 'sky', 'boat']
CONFIDENCE = [np.array([0.7, 0.8, 0.1, 0.5, 0.2, 0.0])] * 2  # classes, then slots


def image(classes, present, slots=(0.9, 0.4, 0.0), labels=(2, -1, -1)):
    return ImageScores(
        np.array(classes),
        np.array(present, dtype=bool),
        np.array(slots),
        np.array(labels),
        np.array([True, True, False]),
    )


@pytest.fixture
def observed():
    """The car is told, the sky is always there, the boat never."""
    scores = [image([0.8, 0.9, 0.1], [1, 1, 0]), image([0.3, 0.6, 0.5], [0, 1, 0])]
    present = np.array([one.present for one in scores])
    return Observations(
        ScoreTable([1, 2], [], None, {}), present, present * 0.2, scores, [], CONFIDENCE
    )


def test_groups_are_summed_up_by_hand(observed):
    row = score_row('classes', [class_entries(observed)])

    assert (row.positives, row.negatives) == (3, 3)
    assert row.mean_positive == pytest.approx((0.8 + 0.9 + 0.6) / 3)
    assert row.mean_negative == pytest.approx((0.1 + 0.3 + 0.5) / 3)
    assert row.auroc == 1
    assert row.of_seeds == (1,)
    assert row.error == pytest.approx((0.2 + 0.1 + 0.1 + 0.3 + 0.4 + 0.5) / 6)


def test_the_confidence_of_masks_takes_the_place_of_scores(observed):
    classes = class_confidence_entries(observed)
    assert classes.scores.tolist() == [0.7, 0.8, 0.1] * 2
    assert classes.positive.tolist() == class_entries(observed).positive.tolist()
    slots = slot_confidence_entries(observed)
    assert slots.scores.tolist() == [0.5, 0.2] * 2


def test_empty_slots_do_not_count(observed):
    entries = slot_entries(observed)
    assert entries.scores.tolist() == [0.9, 0.4, 0.9, 0.4]
    assert entries.positive.tolist() == [True, False, True, False]
    assert entries.columns.tolist() == [0, 1, 0, 1]


def test_classes_that_always_or_never_are_there_are_left_out_with_the_reason(observed):
    rows, left_out = column_rows([class_entries(observed)], NAMES)

    assert [row.name for row in rows] == ['car']
    assert rows[0].auroc == 1
    assert left_out == {'sky': 'on every image', 'boat': 'on no image'}


def test_a_high_score_of_what_is_always_there_does_not_count_by_itself(observed):
    seeds = [class_entries(observed)] * 2
    assert within_columns(seeds, NAMES).of_seeds == (1, 1)
    turned = [one._replace(scores=1 - one.scores) for one in seeds]
    assert within_columns(turned, NAMES).auroc == 0


def test_without_classes_that_vary_there_is_no_mean_within_them(observed):
    seeds = [class_entries(observed).of_column(1)]
    assert np.isnan(within_columns(seeds, ['car', 'sky']).auroc)


def test_area_and_rank_are_scores_too(observed):
    assert score_row('area', [area_entries(observed)]).auroc == 1
    assert rank_entries(observed).scores.tolist() == [1, 0.5, 1, 0.5]


def test_of_what_is_there_deciders_are_set_apart(observed):
    found = decider_class_entries(observed, deciders=[0])
    assert found.scores.tolist() == [0.8, 0.9, 0.6]
    assert found.positive.tolist() == [True, False, False]

    found = decider_slot_entries(observed, deciders=[0])
    assert found.scores.tolist() == [0.9, 0.9]
    assert not found.positive.any()


def test_slots_are_averaged_by_the_class_of_their_object(observed):
    observed.scores[1] = image([0.3, 0.6, 0.5], [0, 1, 0], (0.5, 0.4, 0.0), (2, 0, -1))

    means = slot_means([observed, observed], 3)

    assert means[[0, 2]] == pytest.approx([0.4, 0.7])
    assert np.isnan(means[1])
