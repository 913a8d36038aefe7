import numpy as np
import pytest

from mmpisr.evaluation.reweighting import SplitScores


def test_pairs_are_counted_by_hand():
    # 0.9 beats both negatives, 0.5 beats one and ties with the other
    scores = SplitScores(4)
    positive = np.array([True, True, False, False])
    scores.add(np.array([0.9, 0.5, 0.1, 0.5]), positive, np.ones(4, dtype=bool))

    assert scores.auroc() == pytest.approx(3.5 / 4)


@pytest.mark.parametrize('positive', [True, False])
def test_one_group_alone_has_no_value(positive):
    scores = SplitScores(2)
    scores.add(np.array([0.1, 0.9]), np.full(2, positive), np.ones(2, dtype=bool))

    assert np.isnan(scores.auroc())
