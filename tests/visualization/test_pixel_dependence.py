"""What a pixel depends on, on scenes in which one object decides about a region."""

import pytest
import told_scenes
import torch
from told_scenes import CLASSES, STRIDE

from mmpisr.datasets.panoptic_scenes import RELATIONS, PanopticScenes
from mmpisr.visualization.changed_encodings import changed_encodings
from mmpisr.visualization.examined_image import ExaminedImage
from mmpisr.visualization.relation_figures import pixel_figure

pytestmark = pytest.mark.slow  # trains for some seconds
DECIDED_BY_THINGS = [r for r in RELATIONS if r.decider in ('boat', 'lamp')]


@pytest.fixture(scope='module')
def host():
    return told_scenes.train_told_host()


def shown_with(host, folder, name):
    """A scene that was not trained on, and a pixel (x, y) of a class in it."""
    for index in range(200):
        batch = told_scenes.batch_of(folder, 2, index)
        rows, columns = (batch['inputs'][0] == CLASSES.index(name)).nonzero().T
        if len(rows) > 5:
            shown = ExaminedImage(host, batch, PanopticScenes.METAINFO)
            middle = len(rows) // 2
            return shown, (int(columns[middle]) * STRIDE, int(rows[middle]) * STRIDE)
    raise AssertionError(name)


@pytest.mark.parametrize('relation', DECIDED_BY_THINGS)
def test_what_decides_comes_first_among_the_other_classes(host, tmp_path, relation):
    shown, point = shown_with(host, tmp_path, relation.present)

    label, changes = shown.dependence(point)

    assert CLASSES[label] == relation.present
    others = changes[: len(CLASSES)].clone()
    others[label] = -torch.inf
    if relation.present != 'carpet':  # a thing's look-alike is the thing itself
        others[CLASSES.index(relation.absent)] = -torch.inf
    assert CLASSES[int(others.argmax())] == relation.decider


def test_a_pixel_that_looks_like_one_class_does_not_depend_on_the_lamp(host, tmp_path):
    carpet, of_carpet = shown_with(host, tmp_path, 'carpet')
    sky, of_sky = shown_with(host, tmp_path, 'sky')

    lamp = CLASSES.index('lamp')
    changes = [one.dependence(p)[1] for one, p in ((carpet, of_carpet), (sky, of_sky))]

    assert changes[0][lamp] > 5 * changes[1][lamp].abs()


def test_a_change_is_the_fall_of_the_logit_less_the_mean(host, tmp_path):
    shown, point = shown_with(host, tmp_path, 'carpet')
    label, changes = shown.dependence(point)
    lamp = CLASSES.index('lamp')

    def without_lamp(own):
        values = own.values.clone()
        values[:, lamp] = 0
        return own._replace(values=values)

    with torch.no_grad():
        whole = host.logits(shown.maps.before[None])[0]
        with changed_encodings(host.relation, without_lamp):
            less = host.logits(shown.maps.before[None])[0]
    row, column = point[1] // STRIDE, point[0] // STRIDE
    measures = [one[label] - one.mean(dim=0) for one in (whole, less)]
    expected = (measures[0] - measures[1])[row, column]

    torch.testing.assert_close(changes[lamp], expected, atol=1e-4, rtol=1e-4)
    assert len(changes) == len(CLASSES)  # all slots are empty


def test_nothing_stays_on_the_relation(host, tmp_path):
    shown, point = shown_with(host, tmp_path, 'carpet')
    shown.dependence(point)
    assert not host.relation.attention._forward_pre_hooks
    assert not host.relation._forward_hooks


@pytest.mark.parametrize('point', [(192, 0), (0, 128), (-1, 0)])
def test_a_point_outside_is_refused_with_the_size(host, tmp_path, point):
    shown, _ = shown_with(host, tmp_path, 'carpet')
    text = rf'{point[0]},{point[1]} .*192 wide and 128 high'
    with pytest.raises(ValueError, match=text):
        shown.dependence(point)


def test_the_figure_marks_the_pixel_and_names_what_decides(host, tmp_path):
    shown, point = shown_with(host, tmp_path, 'carpet')
    picture = pixel_figure(shown, point)
    assert picture.shape[1] == 3 * (384 + 8) + 8
