"""Anybody's class pngs: numbered instances, connected regions, crowds and void."""

import json

import cv2
import numpy as np
import pytest
from labelled_png import prepare_labelled_png
from PIL import Image

from mmpisr.datasets.segment_png import decode_segment_ids

ROAD, CAR, BIKE, VOID = 0, 4, 7, 255
CLASSES = 'id,name,isthing\n0,road,no\n4,car,yes\n7,bike,yes\n'
# two cars that touch, a third part without a number, a bike, road and void
LABELS = np.array(
    [
        [CAR, CAR, CAR, CAR, ROAD, ROAD],
        [CAR, CAR, CAR, CAR, ROAD, CAR],
        [ROAD, BIKE, ROAD, ROAD, ROAD, VOID],
    ],
    np.uint8,
)
INSTANCES = np.array(
    [[1, 1, 900, 900, 3, 0], [1, 1, 900, 900, 0, 0], [0, 1, 0, 0, 0, 5]], np.uint16
)


@pytest.fixture
def root(tmp_path):
    """One image in a subfolder, as ``images``, ``labels`` and ``numbers``."""
    for folder, content in (
        ('images', np.zeros((3, 6, 3), np.uint8)),
        ('labels', LABELS),
        ('numbers', INSTANCES),
    ):
        (tmp_path / folder / 'town').mkdir(parents=True)
        assert cv2.imwrite(str(tmp_path / folder / 'town/a.png'), content)
    (tmp_path / 'classes.csv').write_text(CLASSES)
    return tmp_path


@pytest.fixture
def convert(root):
    """Convert; give ids, and (class, area, crowd) of each segment."""

    def run(**options):
        options = dict(instances=root / 'numbers') | options
        prepare_labelled_png(
            root / 'images',
            root / 'labels',
            classes=root / 'classes.csv',
            out=root / 'out',
            split='val',
            **options,
        )
        content = json.loads((root / 'out/annotations/panoptic_val.json').read_text())
        annotation = content['annotations'][0]
        path = root / 'out/annotations/panoptic_val' / annotation['file_name']
        name_of = {c['id']: c['name'] for c in content['categories']}
        return decode_segment_ids(path.read_bytes()), sorted(
            (name_of[s['category_id']], s['area'], s['iscrowd'])
            for s in annotation['segments_info']
        )

    return run


def test_class_and_number_make_an_instance_and_number_0_a_crowd(convert):
    ids, segments = convert()

    assert segments == [
        ('bike', 1, 0), ('car', 1, 1), ('car', 4, 0), ('car', 4, 0), ('road', 7, 0)
    ]  # fmt: skip
    np.testing.assert_array_equal(ids == 0, LABELS == VOID)


def test_things_without_a_number_may_be_void(convert):
    ids, segments = convert(unnumbered='void')

    assert ('car', 1, 1) not in segments
    assert ids[1, 5] == 0


def test_connected_regions_are_instances(convert):
    _, segments = convert(instances=None, connected=True)

    assert segments == [('bike', 1, 0), ('car', 1, 0), ('car', 8, 0), ('road', 7, 0)]


def test_small_regions_are_void(convert):
    ids, segments = convert(instances=None, connected=True, min_area=2)

    assert segments == [('car', 8, 0), ('road', 7, 0)]
    assert ids[1, 5] == ids[2, 1] == 0


def test_the_json_keeps_ids_and_folders_and_lists_things_first(convert, root):
    convert()
    content = json.loads((root / 'out/annotations/panoptic_val.json').read_text())

    assert [(c['id'], c['isthing']) for c in content['categories']] == [
        *((4, 1), (7, 1), (0, 0))
    ]
    image = dict(id=1, file_name='town/a.png', height=3, width=6)
    assert content['images'] == [image]
    assert content['annotations'][0]['file_name'] == 'town/a.png'


def test_numbers_may_be_colours(convert, root):
    first = convert()
    rgb = np.stack([INSTANCES % 256, INSTANCES // 256, 0 * INSTANCES], axis=-1)
    Image.fromarray(rgb.astype(np.uint8)).save(root / 'numbers/town/a.png')
    (root / 'out').rename(root / 'first')

    second = convert()

    np.testing.assert_array_equal(first[0], second[0])


def test_indices_of_a_palette_are_classes(convert, root):
    first = convert()
    indexed = Image.fromarray(LABELS, mode='P')
    indexed.putpalette([7 * i % 256 for i in range(768)])
    indexed.save(root / 'labels/town/a.png')
    (root / 'out').rename(root / 'first')

    np.testing.assert_array_equal(first[0], convert()[0])


def test_names_may_end_differently(convert, root):
    (root / 'images/town/a.png').rename(root / 'images/town/a_rgb.jpg')
    (root / 'images/town/a_depth.png').write_bytes(b'')
    (root / 'labels/town/a.png').rename(root / 'labels/town/a_class.png')
    (root / 'numbers/town/a.png').rename(root / 'numbers/town/a_id.png')

    convert(
        image_suffix='_rgb.jpg', label_suffix='_class.png', instance_suffix='_id.png'
    )

    names = [path.name for path in (root / 'out').rglob('*.png')]
    assert names == ['a.png']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(connected=True), 'connected True: give a folder'),
        (dict(instances=None), 'instances is None and connected False'),
        (dict(min_area=3), 'min_area is 3; it must be >= 0, and needs connected'),
        (dict(unnumbered='thing'), "unnumbered is 'thing', neither"),
        (dict(void=[0, 4]), r'values \[0, 4\] are void, but the table has classes'),
        (dict(void=[]), '1 pixels have value 255, which no class has; known are'),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(convert, options, message):
    with pytest.raises(ValueError, match=message):
        convert(**options)


@pytest.mark.parametrize('folder', ['images', 'labels', 'numbers'])
def test_a_missing_folder_or_file_is_named(convert, root, folder):
    (root / folder).rename(root / 'elsewhere')

    message = rf"/{folder}.*' is missing(.|\n)*LABELS/\[folders/\]NAME\.png"
    with pytest.raises(FileNotFoundError, match=message):
        convert()


def test_a_folder_without_images_is_named(convert, root):
    (root / 'images/town/a.png').unlink()

    with pytest.raises(FileNotFoundError, match=r"images/NAME\.jpg' is missing"):
        convert()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-20])


def shrink(path):
    cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:-1])


def colour(path):
    image = cv2.imread(str(path))
    image[0, 0] = 1, 2, 3
    cv2.imwrite(str(path), image)


@pytest.mark.parametrize(
    ('folder', 'spoil', 'message'),
    [
        ('labels', truncate, r'labels/town/a\.png: not a complete png'),
        ('numbers', truncate, r'numbers/town/a\.png: not a complete png'),
        ('numbers', shrink, r'numbers/town/a\.png: is \(2, 6\) .* is \(3, 6\)'),
        ('images', shrink, r'segments are \(3, 6\) .* image 1 is \(2, 6\)'),
        ('labels', colour, 'has 3 channels.* is this a picture of the colours'),
    ],
)
def test_a_faulty_png_is_named(convert, root, folder, spoil, message):
    spoil(root / folder / 'town/a.png')

    with pytest.raises(ValueError, match=message):
        convert()
