"""Labelme's folders: shapes, groups, names of images, and what has no area."""

import base64
import json

import cv2
import numpy as np
import pytest
from coco_instances import prepare_coco_instances
from converters.labelme import read_labelme

MASK = np.array([[255, 0], [255, 255]], np.uint8)


def shape(kind, points, label='car', **fields):
    return dict(label=label, points=points, shape_type=kind, group_id=None) | fields


def write(path, *shapes, **fields):
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = (
        dict(imagePath='a.png', imageHeight=40, imageWidth=50, version='5') | fields
    )
    path.write_text(json.dumps(dict(fields, shapes=shapes, imageData=None)))


@pytest.fixture
def areas(tmp_path):
    """Convert shapes of one image; (class, area, left, top) of its segments."""

    def run(*shapes, **fields):
        write(tmp_path / 'in/a.json', *shapes, **fields)
        (tmp_path / 'images').mkdir()
        cv2.imwrite(str(tmp_path / 'images/a.png'), np.zeros((40, 50, 3), np.uint8))
        prepare_coco_instances(tmp_path / 'in', tmp_path / 'images', out=tmp_path)
        made = json.loads((tmp_path / 'annotations/panoptic_train.json').read_text())
        names = {c['id']: c['name'] for c in made['categories']}
        return [
            (names[s['category_id']], s['area'], *s['bbox'][:2])
            for s in made['annotations'][0]['segments_info']
        ]

    return run


def test_polygons_rectangles_and_masks_are_drawn(areas):
    encoded = base64.b64encode(cv2.imencode('.png', MASK)[1].tobytes()).decode()

    found = areas(
        shape('polygon', [[1, 1], [5, 1], [5, 4], [1, 4]]),
        shape('rectangle', [[19, 14], [10, 10]], 'bus'),
        shape('rectangle', [[20, 20], [24, 20], [24, 22], [20, 22]], 'bus'),
        shape('mask', [[30, 20], [31, 21]], 'tree', mask=encoded),
    )

    assert found == [
        *(('bus', 36, 10, 10), ('bus', 8, 20, 20)),
        *(('car', 12, 1, 1), ('tree', 3, 30, 20)),
    ]


def test_a_circle_has_the_area_of_its_radius(areas):
    ((_, area, left, top),) = areas(shape('circle', [[20, 20], [20, 30]]))

    assert area == pytest.approx(np.pi * 100, rel=0.02)
    assert (left, top) == (10, 10)


def test_a_group_of_one_label_is_one_instance(areas):
    boxes = [[[x, 1], [x + 3, 4]] for x in (0, 10, 20, 30)]

    found = areas(
        shape('rectangle', boxes[0], group_id=1),
        shape('rectangle', boxes[1], group_id=1),
        shape('rectangle', boxes[2], 'bus', group_id=1),
        shape('rectangle', boxes[3]),
    )

    assert found == [('bus', 9, 20, 1), ('car', 18, 0, 1), ('car', 9, 30, 1)]


def test_an_old_json_without_type_and_size_is_read(areas):
    old = dict(label='car', points=[[1, 1], [5, 1], [5, 4], [1, 4]], line_color=None)

    assert areas(old, imageHeight=None, imageWidth=None) == [('car', 12, 1, 1)]


def test_ignored_shapes_are_void_and_no_class(areas, tmp_path):
    areas(
        shape('rectangle', [[1, 1], [5, 5]], '__ignore__'),
        shape('rectangle', [[9, 9], [12, 12]]),
    )  # noqa: E501

    made = json.loads((tmp_path / 'annotations/panoptic_train.json').read_text())
    assert [c['name'] for c in made['categories']] == ['car']
    assert len(made['annotations'][0]['segments_info']) == 1


def test_what_has_no_area_and_other_jsons_are_counted(areas, tmp_path, capsys):
    write(tmp_path / 'in/b.json')
    (tmp_path / 'in/b.json').write_text('{"names": []}')

    areas(shape('point', [[1, 1]]), shape('rectangle', [[1, 1], [5, 5]]))

    printed = capsys.readouterr().out
    assert '1 shapes are points or lines, which have no area, e.g. ' in printed
    assert 'a.json: shapes[0]' in printed
    assert f'1 jsons are not of Labelme, e.g. {tmp_path / "in/b.json"}' in printed


def test_an_image_may_lie_in_another_folder(areas):
    box = shape('rectangle', [[1, 1], [5, 5]])

    assert areas(box, imagePath='..\\photos\\a.png') == [('car', 16, 1, 1)]


@pytest.mark.parametrize(
    ('faulty', 'message'),
    [
        (
            shape('rectangle', [[1], [2]]),
            r'shapes\[0\] is .*expected label, shape_type',
        ),
        (shape('star', [[1, 1]]), 'known are polygon'),
        (dict(points=[[1, 1]]), "KeyError: 'label'"),
        (shape('mask', [[1, 1]], mask='x'), r'shapes\[0\] is'),
        (shape('circle', [[1, 1], None]), r'shapes\[0\] is'),
    ],
)
def test_a_faulty_shape_is_named(tmp_path, faulty, message):
    write(tmp_path / 'a.json', faulty)

    with pytest.raises(ValueError, match=message):
        read_labelme(tmp_path, {})
