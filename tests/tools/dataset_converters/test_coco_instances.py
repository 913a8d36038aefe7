"""Instances jsons as tools export them: what is drawn, counted, and refused."""

import json

import cv2
import numpy as np
import pytest
from coco_instances import prepare_coco_instances
from PIL import Image

from mmpisr.datasets.segment_png import decode_segment_ids

LEFT, MIDDLE, RIGHT = ([[x, 0, x + 4, 0, x + 4, 6, x, 6]] for x in (0, 2, 6))
TINY = [[3, 1, 4, 1, 4, 2, 3, 2]]
CATEGORIES = [
    dict(id=0, name='vehicles', supercategory='none'),
    dict(id=7, name='car', supercategory='vehicles'),
    dict(id=3, name='bus', supercategory='vehicles'),
    dict(id=4, name='road', supercategory='vehicles'),
]


def instance(category, segmentation, image=1, **fields):
    names = {c['name']: c['id'] for c in CATEGORIES}
    fields = dict(id=0, image_id=image, category_id=names[category]) | fields
    return dict(fields, segmentation=segmentation)


@pytest.fixture
def convert(tmp_path):
    """Convert annotations of one image; give class of each pixel, and segments."""
    (tmp_path / 'images').mkdir()
    cv2.imwrite(str(tmp_path / 'images/a.png'), np.zeros((6, 10, 3), np.uint8))

    def run(*annotations, images=None, categories=CATEGORIES, **options):
        images = images or [dict(id=1, file_name='a.png', height=6, width=10)]
        content = dict(images=images, annotations=annotations, categories=categories)
        (tmp_path / 'in.json').write_text(json.dumps(content))
        options = dict(out=tmp_path / 'out') | options
        prepare_coco_instances(tmp_path / 'in.json', tmp_path / 'images', **options)
        folder = tmp_path / 'out/annotations'
        made = json.loads((folder / 'panoptic_train.json').read_text())
        (annotation, *_) = made['annotations']
        ids = decode_segment_ids(
            (folder / 'panoptic_train' / annotation['file_name']).read_bytes()
        )
        names = {c['id']: c['name'] for c in made['categories']}
        of = {s['id']: names[s['category_id']] for s in annotation['segments_info']}
        rows = [of.get(value, '-') for value in ids[1].tolist()]
        segments = sorted(
            (of[s['id']], s['area'], s['iscrowd']) for s in annotation['segments_info']
        )
        return rows, segments, made

    return run


def test_each_annotation_is_an_instance_and_the_rest_is_void(convert):
    row, segments, made = convert(instance('car', LEFT), instance('car', RIGHT))

    assert row == [*4 * ['car'], *2 * ['-'], *4 * ['car']]
    assert segments == [('car', 24, 0), ('car', 24, 0)]
    assert [c['name'] for c in made['categories']] == ['car', 'bus', 'road']


@pytest.fixture
def turned_image(tmp_path, convert):
    """The image with an EXIF orientation of 180 degrees, which keeps its size."""
    exif = Image.Exif()
    exif[274] = 3
    Image.new('RGB', (10, 6)).save(tmp_path / 'images/a.png', exif=exif)


def test_outlines_of_a_turned_image_need_the_name_of_their_frame(convert, turned_image):
    with pytest.raises(ValueError, match=r'a\.png: .*--orientation stored\|shown'):
        convert(instance('car', LEFT))

    _, _, made = convert(instance('car', LEFT), orientation='stored')
    assert made['info']['orientation'] == 'stored'


def test_the_rest_may_be_a_background(convert):
    row, segments, made = convert(instance('bus', LEFT), background='other')

    assert row == [*4 * ['bus'], *6 * ['other']]
    assert made['categories'][-1] == dict(id=4, name='other', isthing=0)


def test_the_rest_may_be_stuff_of_pngs(convert, tmp_path):
    (tmp_path / 'stuff').mkdir()
    values = np.full((6, 10), 9, np.uint8)
    values[:, 5:7], values[:, 9] = 2, 255  # a car without outline, and void
    cv2.imwrite(str(tmp_path / 'stuff/a.png'), values)
    table = 'id,name,isthing\n9,road,no\n2,car,yes\n'
    (tmp_path / 'classes.csv').write_text(table)

    row, _, made = convert(
        instance('car', LEFT),
        classes=tmp_path / 'classes.csv',
        stuff_labels=tmp_path / 'stuff',
    )

    assert row == [*4 * ['car'], 'road', '-', '-', 'road', 'road', '-']
    assert [c['id'] for c in made['categories']] == [2, 9]


@pytest.mark.parametrize(
    ('overlap', 'expected'),
    [('order', [*2 * ['car'], *4 * ['bus']]), ('area', ['car', 'car', 'bus', 'car'])],
)
def test_overlaps_go_to_the_later_or_to_the_smaller(convert, overlap, expected):
    row, _, _ = convert(
        instance('car', TINY), instance('car', LEFT), instance('bus', MIDDLE),
        overlap=overlap,
    )  # fmt: skip

    assert row[: len(expected)] == expected


def test_stuff_and_crowds_lie_under_instances_whatever_their_order(convert):
    row, segments, _ = convert(
        instance('bus', LEFT),
        instance('car', MIDDLE, iscrowd=1),
        instance('road', [[0, 0, 10, 0, 10, 6, 0, 6]]),
        stuff=['road'],
    )

    assert row == [*4 * ['bus'], *2 * ['car'], *4 * ['road']]
    assert segments == [('bus', 24, 0), ('car', 12, 1), ('road', 24, 0)]


@pytest.mark.parametrize(
    ('crowds', 'expected'),
    [('keep', [('car', 24, 1)]), ('instance', [('car', 24, 0)]), ('void', [])],
)
def test_crowds_are_counted_and_become_what_is_asked(convert, capsys, crowds, expected):
    _, segments, _ = convert(instance('car', LEFT, iscrowd=1), crowds=crowds)

    assert segments == expected
    assert f'1 annotations have iscrowd 1: --crowds {crowds}' in capsys.readouterr().out


def test_an_annotation_without_outline_makes_its_box_void(convert, capsys):
    row, _, _ = convert(
        instance('car', LEFT),
        instance('car', [], bbox=[5, 0, 2, 6]),
        instance('bus', [[7, 1, 8, 2]], bbox=[7, 0, 1, 6]),
        background='other',
    )

    assert row == [*4 * ['car'], 'other', *3 * ['-'], *2 * ['other']]
    printed = capsys.readouterr().out
    assert '2 annotations have no outline; their box, if any, is void, e.g. ' in printed
    assert 'in.json: annotations[1]' in printed
    assert '1 annotations have polygons of fewer than three points' in printed


def test_things_without_a_pixel_are_counted(convert, capsys):
    outside = [[12, 0, 15, 0, 15, 5]]
    convert(instance('car', TINY), instance('car', LEFT), instance('bus', outside))

    expected = '2 things have no pixel: covered, outside of the image or too small'
    assert expected in capsys.readouterr().out


def test_a_file_is_found_by_the_end_of_its_name(convert, capsys):
    images = [dict(id='x', file_name='C:\\data\\images\\a.png')]

    _, _, made = convert(instance('car', LEFT, image='x'), images=images)

    assert made['images'] == [dict(id='x', file_name='a.png', height=6, width=10)]


def test_images_on_one_side_only_are_counted(convert, capsys, tmp_path):
    (tmp_path / 'images/b.png').write_bytes(b'')
    images = [dict(id=i, file_name=n) for i, n in ((1, 'a.png'), (2, 'gone.png'))]

    _, _, made = convert(instance('car', LEFT, 2), images=images, skip_missing=True)

    assert [image['id'] for image in made['images']] == [1]
    printed = capsys.readouterr().out
    assert '1 images of the json are not in' in printed
    assert 'gone.png' in printed
    assert 'are not in the json, e.g. b.png' in printed
    assert '1 images have no outline, and are kept, e.g. a.png' in printed


def test_classes_of_one_name_are_one_class(convert):
    categories = [*CATEGORIES, dict(id=9, name='car')]

    _, segments, _ = convert(
        instance('car', LEFT), instance('car', RIGHT, category_id=9),
        categories=categories,
    )  # fmt: skip

    assert segments == [('car', 24, 0), ('car', 24, 0)]


def test_a_class_above_others_is_left_out_and_said(convert, capsys):
    categories = [dict(id=1, name='person', supercategory='person'), *CATEGORIES]

    _, _, made = convert(instance('car', LEFT), categories=categories)

    names = ['person', 'car', 'bus', 'road']
    assert [c['name'] for c in made['categories']] == names
    printed = capsys.readouterr().out
    assert (
        '1 classes are only the supercategory of others and are left out, e.g.'
        in printed
    )
    assert 'in.json: vehicles' in printed


def test_a_stuff_png_of_another_size_is_refused(convert, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((6, 9), 255, np.uint8))

    with pytest.raises(ValueError, match=r'is \(6, 9\) .*a.png is \(6, 10\)'):
        convert(instance('car', LEFT), stuff_labels=tmp_path)


def test_corrected_outlines_are_drawn_again(convert):
    convert(instance('car', LEFT))

    row, _, _ = convert(instance('car', RIGHT))

    assert row == [*6 * ['-'], *4 * ['car']]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(image_id=5), r'annotations\[0\] has image_id 5, but images has \[1\]'),
        (dict(category_id=5), r'category_id 5, but categories has \[0, 3, 4, 7\]'),
        (dict(image_id=None), r'annotations\[0\] has image_id None, expected'),
        (dict(iscrowd='0'), "annotations.0. has iscrowd '0', expected 0 or 1"),
        (dict(segments_info=[]), '1 annotations of panoptic segments'),
        (dict(segmentation=[[1, 2, 3]]), r'annotations\[0\]: segmentation is'),
    ],
)
def test_faulty_annotations_are_refused(convert, change, message):
    with pytest.raises(ValueError, match=message):
        convert(instance('car', LEFT) | change)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(images=[dict(id=1, file_name='b.png')]), "1 of 1 .* first is 'b.png'"),
        (
            dict(images=[dict(id=1, file_name='a.png', height=10, width=6)]),
            r'height and width \(10, 6\), but its file \(6, 10\)',
        ),
        (dict(background='b', stuff_labels='s'), "background 'b' and stuff_labels 's'"),
        (dict(stuff=['sky']), r"\['sky'\] are to be stuff, but isthing of .*in.json"),
        (dict(categories=CATEGORIES[:1] * 2), 'categories.*id must be unique'),
    ],
)
def test_faulty_images_and_options_are_refused(convert, options, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        convert(instance('car', LEFT), **options)


def test_a_table_must_have_the_classes_that_are_used(convert, tmp_path):
    (tmp_path / 'classes.csv').write_text('id,name,isthing\n1,car,yes\n')

    with pytest.raises(
        ValueError, match=r"classes \['bus'\] are used .* is {'car': 1}"
    ):
        convert(instance('bus', LEFT), classes=tmp_path / 'classes.csv')
