import numpy as np
import pytest

from mmpisr.evaluation.calibration import reliability


def test_bins_are_those_of_a_hand():
    scores = np.array([0.1, 0.2, 0.3, 0.9, 1.0])
    positive = np.array([False, False, True, True, False])

    found = reliability(scores, positive, num_bins=2)

    assert found.counts.tolist() == [3, 2]
    assert found.scores == pytest.approx([0.2, 0.95])
    assert found.shares == pytest.approx([1 / 3, 1 / 2])
    assert found.error == pytest.approx((3 * (1 / 3 - 0.2) + 2 * 0.45) / 5)


def test_a_score_that_is_the_share_has_no_error():
    scores = np.full(4, 0.25)
    assert reliability(scores, np.arange(4) == 0).error == pytest.approx(0)


def test_empty_bins_are_nan_and_nothing_has_no_error(recwarn):
    found = reliability(np.zeros(0), np.zeros(0, dtype=bool))
    assert np.isnan(found.shares).all()
    assert np.isnan(found.error)
    assert not recwarn


def test_scores_outside_of_the_unit_interval_are_refused():
    with pytest.raises(ValueError, match=r'\[-0.5, 2.0\], expected \[0, 1\]'):
        reliability(np.array([-0.5, 2.0]), np.array([True, False]))
