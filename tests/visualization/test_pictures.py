import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes

from mmpisr.datasets import CityscapesPanopticDataset, PanopticScenes
from mmpisr.evaluation.reweighting import ReweightingScores
from mmpisr.visualization import draw_panoptic, reweighting_chart, side_by_side
from mmpisr.visualization.panel_grid import Panel, panel_grid, segment_labels
from mmpisr.visualization.panoptic_image import class_palette, reaches, shade
from mmpisr.visualization.side_by_side import explained_names

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


@pytest.mark.parametrize(
    'meta',
    [
        PanopticScenes.METAINFO,
        CityscapesPanopticDataset.METAINFO,
        dict(classes=[str(i) for i in range(40)]),
    ],
)
def test_a_shade_never_looks_like_another_class(meta):
    palette = class_palette(meta)
    reach = reaches(palette)

    def lab(colours):
        pixels = np.asarray(colours, np.float32).reshape(1, -1, 3) / 255
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]

    for label, colour in enumerate(palette):
        shades = [shade(colour, i, reach=reach[label]) for i in range(1, 20)]
        distances = np.linalg.norm(lab(shades)[:, None] - lab(palette), axis=2)
        assert (distances[:, label] <= distances.min(axis=1) + 1e-3).all()


def test_one_instance_has_one_shade_in_all_panels():
    image, panoptic = scene()
    renumbered = panoptic.copy()
    renumbered[panoptic == 1000] = 5000

    row = side_by_side(image, dict(truth=panoptic, base=renumbered), META, min_width=40)

    truth, base = row[34:64, 56:96], row[34:64, 104:144]
    np.testing.assert_array_equal(truth, base)


def test_segments_with_room_are_named_once_widest_first():
    _, panoptic = scene()
    names = segment_labels(panoptic.repeat(3, 0).repeat(3, 1), META)
    assert [name for _, _, name in names] == ['sky', 'car', 'car']
    for x, y, name in names:
        assert META['classes'][panoptic[int(y) // 3, int(x) // 3] % 1000] == name


def test_a_grid_has_panels_of_one_height_and_room_for_its_caption():
    panel = Panel('a', np.zeros((30, 400, 3), np.uint8))
    one, two = panel_grid([[panel]]), panel_grid([[panel], [panel, panel]])
    captioned = panel_grid([[panel]], caption='what is seen ' * 20)

    assert two.shape[0] - one.shape[0] == 30 + 34
    assert captioned.shape[0] > one.shape[0] + 26
    assert (one[-1] == 255).all()


def test_boxes_points_and_names_are_drawn_over_the_panel():
    plain = Panel('a', np.full((60, 90, 3), 128, np.uint8))
    blank = panel_grid([[plain]])
    for change in (
        dict(boxes=[(10, 10, 40, 30)]),
        dict(point=(45, 30)),
        dict(labels=[(45, 30, 'sky')]),
    ):
        drawn = panel_grid([[plain._replace(**change)]])
        assert (drawn != blank)[34:94, 8:98].any()


def test_pixels_of_a_wrong_class_are_hatched_and_void_is_left_alone():
    image, panoptic = scene()
    wrong = panoptic.copy()
    wrong[:8, :30] = 3000  # a car in the sky
    wrong[25:] = 1  # where the truth is void
    maps = dict(truth=panoptic, base=panoptic, other=wrong)

    row = side_by_side(image, maps, META, truth='truth', min_width=40)
    plain = side_by_side(image, maps, META, min_width=40)

    for column in range(4):
        panel = np.s_[34 : 34 + 30, 8 + 48 * column : 48 + 48 * column]
        changed = (row[panel] != plain[panel]).any(axis=-1)
        assert changed[:8, :30].any() == (column == 3)
        assert (row[panel][changed] == 0).all()
        assert not changed[8:].any()


def test_the_truth_says_what_decides_look_alike_classes():
    names = explained_names(PanopticScenes.METAINFO)['classes']

    index = PanopticScenes.METAINFO['classes'].index
    assert names[index('carpet')] == 'carpet, because of the lamp'
    assert names[index('sand')] == 'sand, because no lamp is there'
    assert names[index('car')] == 'car'


def test_classes_whose_presence_changes_the_score_most_come_first(monkeypatch):
    scores = ReweightingScores(3, 1)
    means = np.array([0.5, 0.1, np.nan]), np.array([0.6, 0.9, 0.4])  # absent, present
    monkeypatch.setattr(scores.classes, 'means', lambda: means)
    named = []
    monkeypatch.setattr(Axes, 'set_yticks', lambda _, rows, names: named.append(names))

    reweighting_chart(scores, ['car', 'sky', 'road'])

    assert named == [['sky', 'car', 'road']]
