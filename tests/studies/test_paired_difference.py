import math

import numpy as np
import pytest
from tiny_scores import table

from mmpisr.studies.paired_difference import (
    difference_by_seeds,
    differences_by_tables,
    paired_differences,
)

TWO_SEEDS = 2**0.5 * 12.706 / 1.96  # t for one degree of freedom, from a table


def test_three_seeds_of_noise_are_rarely_significant():
    """A plain bootstrap would exclude zero in a quarter of the cases."""
    rng = np.random.default_rng(0)
    found = [
        difference_by_seeds(gaps, resamples=300).interval
        for gaps in rng.normal(size=(300, 3))
    ]

    wrong = sum(low > 0 or high < 0 for low, high in found) / len(found)
    assert wrong < 0.09


def test_a_difference_is_the_mean_over_seeds():
    pairs = [(table(0.7, 0.7), table(0.5, 0.5)), (table(0.7, 0.7), table(0.6, 0.6))]

    found = differences_by_tables(pairs)['PQ']

    assert found.difference == pytest.approx(15)  # of 20 and 10
    half = 5 * TWO_SEEDS  # the same seed drawn twice
    assert found.interval == pytest.approx((15 - half, 15 + half), rel=1e-3)
    assert (found.seeds, found.over_images) == (2, True)


def test_images_are_resampled_for_both_models_alike():
    """Hard images are hard for both: only the gap varies, from 0 to 20."""
    found = differences_by_tables([(table(0.9, 0.4, 0.6), table(0.9, 0.2, 0.5))])['PQ']

    assert found.difference == pytest.approx(10)
    assert found.interval == pytest.approx((0, 20))


def test_the_interval_contains_the_difference_and_narrows_with_images():
    rng = np.random.default_rng(0)

    def found(images):
        pairs = []
        for _ in range(3):
            base = rng.uniform(0.5, 0.7, images)
            pairs.append((table(*(base + rng.normal(0.1, 0.05, images))), table(*base)))
        return differences_by_tables(pairs)['PQ']

    few, many = found(6), found(600)

    for one in (few, many):
        assert one.interval.low < one.difference < one.interval.high
        assert one.interval.low > 0
    widths = [one.interval.high - one.interval.low for one in (few, many)]
    assert widths[1] < widths[0]


def test_identical_models_differ_by_exactly_nothing():
    pairs = [(table(0.5, 0.7), table(0.5, 0.7)), (table(0.1, 0.2), table(0.1, 0.2))]

    found = differences_by_tables(pairs)

    assert found['PQ'].difference == 0
    assert found['PQ'].interval == (0, 0)


def test_swapping_the_models_changes_the_sign():
    pairs = [(table(0.7, 0.3), table(0.5, 0.4)), (table(0.2, 0.3), table(0.5, 0.1))]

    there = differences_by_tables(pairs)['PQ']
    back = differences_by_tables([pair[::-1] for pair in pairs])['PQ']

    assert there.difference == pytest.approx(-back.difference)
    low, high = back.interval
    assert there.interval == pytest.approx((-high, -low))


def test_other_images_are_refused():
    with pytest.raises(ValueError, match=r'different images: 1 beginning with \[3\]'):
        differences_by_tables([(table(0.5, ids=[3]), table(0.5, ids=[4]))])


def test_a_figure_that_is_no_sum_has_an_interval_over_seeds():
    found = difference_by_seeds([1.0, 3.0])

    assert found.difference == 2.0
    assert found.interval == pytest.approx((2 - TWO_SEEDS, 2 + TWO_SEEDS), rel=1e-3)
    assert not found.over_images
    assert math.isnan(difference_by_seeds([1.0]).interval.low)


def test_images_count_only_where_every_seed_has_its_scores():
    figures = {seed: ({'PQ': 60.0, 'AP': 9.0}, {'PQ': 50.0}) for seed in (0, 1)}

    found = paired_differences(figures, {0: (table(0.6), table(0.5))})

    assert set(found) == {'PQ'}
    assert not found['PQ'].over_images
    assert paired_differences({}, {}) == {}
