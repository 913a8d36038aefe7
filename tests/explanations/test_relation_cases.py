import numpy as np
import pytest

from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.explanations.observations import Observations
from mmpisr.explanations.relation_cases import donor_accuracies, relation_cases

RELATION = dict(decider='boat', present='buoy', absent='ball')
CLASSES = ['boat', 'buoy', 'ball']
# of each image: truth present, answered present and absent; truth absent, the same
COUNTS = np.array([[8, 2, 0, 0], [0, 4, 0, 0], [0, 0, 1, 3], [0, 0, 0, 0]])


def observed(found=(0.1, 0.0, 0.0, 0.1)):
    table = ScoreTable([0, 1, 2, 3], [], None, dict(relation=COUNTS[:, None]))
    there = np.array([True, True, False, False])
    present = np.stack([there, there, ~there], axis=1)
    shares = np.stack([found, np.zeros(4), np.zeros(4)], axis=1)
    return Observations(table, present, shares, [], [], [])


def test_the_four_cases_are_those_of_a_hand():
    cases = relation_cases([observed()], RELATION, index=0, classes=CLASSES)

    assert [(c.there, c.seen) for c in cases] == [
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert [c.images for c in cases] == [1, 1, 1, 1]
    assert [c.accuracy.mean for c in cases[:2]] == [80, 0]
    assert np.isnan(cases[2].accuracy.mean)
    assert cases[3].accuracy.mean == 75


def test_a_stage_that_cannot_be_told_has_no_cases():
    cases = relation_cases(
        [observed((np.nan,) * 4)], RELATION, index=0, classes=CLASSES
    )
    assert [c.images for c in cases] == [0, 0, 0, 0]


def test_donors_that_agree_are_set_apart_from_those_that_differ():
    differs = np.array([False, True, False, True])

    agreeing, differing = donor_accuracies([COUNTS], differs)

    assert agreeing.mean == pytest.approx(100 * 11 / 14)
    assert differing.mean == 0
