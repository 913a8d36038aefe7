import numpy as np
import pytest

from mmpisr.evaluation.measures.iou import MeanIoU
from mmpisr.evaluation.resampling import (
    bootstrap_intervals,
    compare_pairs,
    draw_counts,
    draw_swaps,
    interval_of,
)


def areas(ious):
    """One class a image of 100 pixels, so that mIoU is the mean."""
    ious = np.asarray(ious, dtype=float)
    full = np.full_like(ious, 100)
    return np.stack([100 * ious, full, 100 * ious], axis=-1)[:, None]


def random_areas(seed, num_images=60, shift=0.0):
    noise = np.random.default_rng(seed).normal(0.5 + shift, 0.1, num_images)
    return areas(np.clip(noise, 0, 1))


def test_each_draw_has_as_many_images_as_there_are():
    chunks = [*draw_counts(7, resamples=250, seed=0)]
    assert [len(chunk) for chunk in chunks] == [100, 100, 50]
    assert (np.concatenate(chunks).sum(axis=1) == 7).all()


def test_swaps_are_fair_and_the_same_for_the_same_seed():
    swaps = np.concatenate([*draw_swaps(50, resamples=200, seed=3)])
    assert np.array_equal(
        swaps, np.concatenate([*draw_swaps(50, resamples=200, seed=3)])
    )
    assert 0.45 < swaps.mean() < 0.55


def test_the_interval_is_that_of_the_standard_error_of_a_mean():
    records = random_areas(0, num_images=200)
    low, high = bootstrap_intervals(
        dict(miou=MeanIoU(1)), dict(miou=records), resamples=2000
    )['mIoU']

    values = records[:, 0, 0]
    error = values.std() / np.sqrt(200)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_equal_images_give_an_interval_of_no_width():
    found = bootstrap_intervals(dict(miou=MeanIoU(1)), dict(miou=areas([0.5] * 9)))
    assert found['mIoU'] == pytest.approx((50, 50))


def test_no_images_give_an_interval_of_nan():
    found = bootstrap_intervals(dict(miou=MeanIoU(1)), dict(miou=areas([])))
    assert np.isnan(found['mIoU']).all()


def test_undefined_resamples_are_left_out_of_an_interval():
    assert interval_of(np.array([np.nan, 1.0, 1.0])) == (1, 1)


def test_a_result_compared_with_itself_differs_by_nothing_with_p_1():
    records = random_areas(0)
    found = compare_pairs(MeanIoU(1), records, records)['mIoU']
    assert found.difference == 0
    assert found.interval == (0, 0)
    assert found.p_value == 1


def test_a_result_that_is_better_on_every_image_is_so_beyond_chance():
    worse = random_areas(0)
    better = worse + areas([0.05] * 60) * [1, 0, 1]
    found = compare_pairs(MeanIoU(1), better, worse, resamples=999)['mIoU']
    assert found.difference == pytest.approx(5)
    assert found.interval == pytest.approx((5, 5))
    assert found.p_value == 1 / 1000


def test_p_counts_the_swaps_that_differ_as_much():
    first, second = (
        areas([0.4, 0.6]),
        areas([0.5, 0.5]),
    )  # no swap changes a sum by more
    assert compare_pairs(MeanIoU(1), first, second)['mIoU'].p_value == 1


def test_the_other_order_flips_signs_and_keeps_p():
    first, second = random_areas(0), random_areas(1, shift=0.03)
    there = compare_pairs(MeanIoU(1), first, second)['mIoU']
    back = compare_pairs(MeanIoU(1), second, first)['mIoU']
    assert back.difference == -there.difference
    assert back.interval == pytest.approx((-there.interval.high, -there.interval.low))
    assert back.p_value == there.p_value


def test_p_of_equal_models_is_uniform():
    p = [
        compare_pairs(
            MeanIoU(1), random_areas(i, 20), random_areas(1000 + i, 20), resamples=200
        )['mIoU'].p_value
        for i in range(100)
    ]
    assert 0.4 < np.mean(p) < 0.6
    assert np.mean(np.array(p) < 0.1) < 0.2
