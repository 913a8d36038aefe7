import numpy as np
import pytest

from mmpisr.explanations.seed_means import seed_mean


def share(total):
    return 100 * total[..., 0] / np.where(total[..., 1] > 0, total[..., 1], np.nan)


def test_sums_are_taken_over_images_and_means_over_models():
    first = np.array([[1.0, 2.0], [1.0, 2.0]])
    second = np.array([[0.0, 1.0], [3.0, 3.0]])

    found = seed_mean([first, second], share)

    assert found.of_seeds == (50.0, 75.0)
    assert found.mean == 62.5
    # the second: 0, 75 or 100 % where image 1 is drawn twice, once, never
    assert found.interval == (25.0, 75.0)


def test_nothing_to_measure_is_nan():
    found = seed_mean([np.zeros((3, 2))], share)
    assert np.isnan([found.mean, *found.interval]).all()


def test_models_of_other_images_are_refused():
    with pytest.raises(ValueError, match=r'\[2, 3\] images'):
        seed_mean([np.zeros((2, 2)), np.zeros((3, 2))], share)
