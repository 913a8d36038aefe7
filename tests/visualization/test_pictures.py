import numpy as np
import pytest

from mmpisr.evaluation.reweighting import ReweightingScores
from mmpisr.visualization import draw_panoptic, reweighting_chart, side_by_side
from mmpisr.visualization.panoptic_image import class_palette, shade

META = dict(classes=['car', 'sky'], palette=[(200, 0, 0), (0, 0, 200)])


def scene():
    panoptic = np.full((30, 40), 1)
    panoptic[10:20, 5:15] = 1000
    panoptic[10:20, 15:25] = 2000
    panoptic[25:] = 2  # void
    image = np.full((30, 40, 3), 90, np.uint8)
    return image, panoptic


def test_stuff_has_its_colour_and_instances_differ():
    image, panoptic = scene()
    drawn = draw_panoptic(image, panoptic, META, alpha=1, min_width=1)
    assert drawn.shape == (30, 40, 3)
    assert drawn[3, 30].tolist() == [0, 0, 200]
    first, second = drawn[15, 8].astype(int), drawn[15, 20].astype(int)
    assert np.abs(first - second).sum() > 30
    assert first.argmax() == second.argmax() == 0  # both stay red


def test_segments_are_outlined_and_void_is_grey():
    image, panoptic = scene()
    drawn = draw_panoptic(image, panoptic, META, alpha=1, min_width=1)
    assert drawn[12, 14].tolist() == [255, 255, 255]
    assert np.ptp(drawn[28, 20]) == 0


def test_the_image_shines_through():
    image, panoptic = scene()
    drawn = draw_panoptic(image, panoptic, META, alpha=0.5, min_width=1)
    assert drawn[3, 30].tolist() == [45, 45, 145]


def test_small_pictures_are_enlarged_by_a_whole_factor():
    image, panoptic = scene()
    drawn = draw_panoptic(image, panoptic, META, min_width=100)
    assert drawn.shape == (90, 120, 3)


def test_an_image_of_another_size_is_refused():
    image, panoptic = scene()
    with pytest.raises(ValueError, match=r'\(29, 40\).*\(30, 40\)'):
        draw_panoptic(image[1:], panoptic, META)


def test_a_row_has_a_panel_per_map_and_leaves_its_pixels_alone():
    image, panoptic = scene()
    one = side_by_side(image, dict(truth=panoptic), META, min_width=160)
    two = side_by_side(image, dict(truth=panoptic, base=panoptic), META, min_width=160)
    assert two.shape[1] - one.shape[1] == 160 + 8
    assert (two == 90).all(axis=-1).sum() >= 120 * 158  # the plain image is in there


def test_a_row_without_maps_shows_the_image():
    image, _ = scene()
    assert side_by_side(image, {}, META, min_width=160).dtype == np.uint8


def test_classes_without_colours_get_different_ones():
    palette = class_palette(dict(classes=[str(i) for i in range(40)], palette='random'))
    assert len(np.unique(palette, axis=0)) == 40


def test_shades_stay_colours():
    for instance in range(50):
        colour = shade(np.array([255, 0, 128]), instance)
        assert (colour >= 0).all()
        assert (colour <= 255).all()


def test_a_chart_of_no_scores_can_be_drawn(recwarn):
    chart = reweighting_chart(ReweightingScores(2, 3), ['car', 'sky'])
    assert chart.shape[1:] == (1200, 3)
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]
