import numpy as np
import pytest

from mmpisr.evaluation.auroc import ImageAuroc, auroc_of_counts, mean_auroc

SCORES = np.array([0.9, 0.5, 0.1, 0.5])
POSITIVE = np.array([True, True, False, False])


def of_two_images(scores=SCORES, images=(0, 0, 0, 1)):
    return ImageAuroc(scores, POSITIVE, np.array(images), 2)


def test_pairs_are_counted_by_hand():
    # 0.9 beats both negatives, 0.5 beats one and ties with the other
    assert of_two_images().value() == pytest.approx(3.5 / 4)


def test_counts_of_groups_give_the_same():
    counts = auroc_of_counts(np.array([1, 1, 0]), np.array([0, 1, 1]))
    assert counts == pytest.approx(3.5 / 4)


def test_turned_scores_give_the_rest_to_one():
    assert of_two_images(1 - SCORES).value() == pytest.approx(0.5 / 4)


@pytest.mark.parametrize('positive', [True, False])
def test_one_group_alone_has_no_value(positive):
    found = ImageAuroc(SCORES, np.full(4, positive), np.zeros(4, dtype=int), 1)
    assert np.isnan(found.value())


def test_no_entries_have_no_value():
    nothing = np.zeros(0)
    found = ImageAuroc(nothing, nothing.astype(bool), nothing.astype(int), 3)
    assert np.isnan(found.value())
    assert np.isnan(found.resampled(resamples=7)).all()


def test_drawn_images_weigh_as_often_as_they_are_drawn():
    # the first image alone: 1; both: 3.5 / 4; the second alone: no positive
    drawn = of_two_images().resampled(resamples=200)
    assert {*drawn[~np.isnan(drawn)]} == {1.0, 0.875}


def test_the_same_image_alone_has_no_spread():
    found = ImageAuroc(SCORES, POSITIVE, np.zeros(4, dtype=int), 1)
    assert mean_auroc([found, found])[1] == pytest.approx((0.875, 0.875))


def test_the_mean_is_over_models():
    models = [of_two_images(), of_two_images(1 - SCORES)]
    value, interval = mean_auroc(models, resamples=50)
    assert value == pytest.approx(0.5)
    assert interval == pytest.approx((0.5, 0.5))  # they mirror each other in any draw
