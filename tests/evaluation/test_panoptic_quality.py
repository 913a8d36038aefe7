import numpy as np
import pytest
from panopticapi import evaluation as panopticapi
from PIL import Image

from mmpisr.evaluation.ground_truth import Segments
from mmpisr.evaluation.measures.panoptic_quality import (
    image_pq_statistics,
    mean_quality,
    panoptic_quality,
)
from mmpisr.evaluation.overlaps import count_overlaps, count_pixels

NUM_CATEGORIES = 4


def segments(*rows):
    """Rows of (id, category, area, crowd)."""
    ids, categories, areas, crowds = zip(*rows, strict=True)
    return Segments(
        np.array(ids), np.array(categories), np.array(areas), np.array(crowds, bool)
    )


def test_overlaps_are_those_of_a_pixel_loop():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (2, 7, 9)) * 1000

    table = count_overlaps(first, second)

    for i, a in enumerate(table.first):
        for j, b in enumerate(table.second):
            assert table.counts[i, j] == ((first == a) & (second == b)).sum()
    assert table.counts.sum() == first.size


def test_overlaps_of_empty_maps_are_empty():
    assert count_overlaps(np.zeros((0, 4), int), np.zeros((0, 4), int)).counts.size == 0


def test_overlaps_of_maps_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r'\(2, 3\) and \(3, 2\)'):
        count_overlaps(np.zeros((2, 3), int), np.zeros((3, 2), int))


def test_pixels_are_counted_per_value():
    values, counts = count_pixels(np.array([[7, 7, 2], [2, 7, 0]]))
    assert values.tolist() == [0, 2, 7]
    assert counts.tolist() == [1, 2, 3]


def test_a_tiny_image_scores_what_a_hand_computes():
    truth = np.array([[5, 5, 5, 6], [5, 6, 6, 6], [0, 0, 0, 0]])
    pred = np.array([[1, 1, 1, 1], [1, 2, 2, 2], [1, 1, 3, 3]])
    listed = segments((5, 0, 4, False), (6, 1, 4, False))

    stats = image_pq_statistics(
        count_overlaps(truth, pred), listed, np.array([0, 1, 2]), NUM_CATEGORIES
    )

    # 1 against 5: 4 shared, 7 - 2 (void) predicted + 4 - 4; 2 against 6: 3 of 4;
    # 3 lies in void alone and is no false alarm.
    assert stats[0].tolist() == [4 / 5, 1, 0, 0]
    assert stats[1].tolist() == [3 / 4, 1, 0, 0]
    assert not stats[2:].any()


def test_an_iou_of_one_half_is_no_match():
    truth = np.array([[5, 5, 5, 5]])
    pred = np.array([[1, 1, 2, 2]])

    stats = image_pq_statistics(
        count_overlaps(truth, pred),
        segments((5, 0, 4, False)),
        np.array([0, 0]),
        NUM_CATEGORIES,
    )

    assert stats[0].tolist() == [0, 0, 2, 1]


def test_quality_leaves_out_categories_without_segments():
    stats = np.array([[1.6, 2, 1, 1], [0, 0, 0, 0], [0, 0, 3, 0]])

    quality = panoptic_quality(stats)
    means, count = mean_quality(quality)

    np.testing.assert_allclose(quality[0], [1.6 / 3, 0.8, 2 / 3])
    assert np.isnan(quality[1]).all()
    assert quality[2].tolist() == [0, 0, 0]
    np.testing.assert_allclose(means, quality[[0, 2]].mean(axis=0))
    assert count == 2


def test_no_category_with_segments_gives_nan():
    means, count = mean_quality(panoptic_quality(np.zeros((2, 4))))
    assert np.isnan(means).all()
    assert count == 0


def random_scene(rng):
    """Blocky truth with void and crowds, and a prediction that is partly right."""
    truth = np.kron(rng.integers(0, 9, (5, 6)), np.ones((4, 4), int))
    ids = np.unique(truth[truth > 0])
    categories = rng.integers(0, NUM_CATEGORIES, len(ids))
    areas = [(truth == number).sum() for number in ids]
    order = rng.permutation(len(ids))
    listed = segments(
        *[(ids[i], categories[i], areas[i], rng.random() < 0.25) for i in order]
    )
    pred = np.roll(truth, rng.integers(-1, 2, 2), axis=(0, 1))
    pred[rng.random(pred.shape) < 0.1] = rng.integers(0, 9)
    values = np.unique(pred)
    lookup = dict(zip(ids, categories, strict=True))
    rows = [lookup.get(v, -1) if v else -1 for v in values]
    guesses = rng.integers(0, NUM_CATEGORIES, len(values))
    rows = np.where((rng.random(len(values)) < 0.3) & (values > 0), guesses, rows)
    rows[(values > 0) & (rows < 0)] = 0  # panopticapi wants a category for each id
    return truth, listed, pred, values, rows


def panopticapi_statistics(folder, truth, listed, pred, values, rows):
    for name, ids in (('truth.png', truth), ('pred.png', pred)):
        image = np.stack([ids, ids * 0, ids * 0], axis=-1).astype(np.uint8)
        Image.fromarray(image).save(folder / name)
    infos = [
        dict(id=int(i), category_id=int(c), area=int(a), iscrowd=int(k))
        for i, c, a, k in zip(*listed, strict=True)
    ]
    guesses = [
        dict(id=int(v), category_id=int(c))
        for v, c in zip(values, rows, strict=True)
        if c >= 0
    ]
    stat = panopticapi.pq_compute_single_core(
        0,
        [
            (
                dict(image_id=1, file_name='truth.png', segments_info=infos),
                dict(image_id=1, file_name='pred.png', segments_info=guesses),
            )
        ],
        str(folder),
        str(folder),
        {i: dict(isthing=1) for i in range(NUM_CATEGORIES)},
    )
    cats = [stat[i] for i in range(NUM_CATEGORIES)]
    return np.array([[c.iou, c.tp, c.fp, c.fn] for c in cats])


def test_statistics_equal_panopticapi_on_random_scenes_with_void_and_crowd(tmp_path):
    rng = np.random.default_rng(0)
    total = np.zeros(4)
    for _ in range(60):
        truth, listed, pred, values, rows = random_scene(rng)

        expected = panopticapi_statistics(tmp_path, truth, listed, pred, values, rows)
        actual = image_pq_statistics(
            count_overlaps(truth, pred), listed, rows, NUM_CATEGORIES
        )

        np.testing.assert_allclose(actual, expected, rtol=1e-12)
        total += expected.sum(axis=0)
    assert (total > 20).all()  # every kind of outcome was met
