"""ADE20K: pixels as the official panoptic set counts them, ids as mmdet has them."""

import json

import cv2
import numpy as np
import pytest
from ade20k import ade20k_classes, prepare_ade20k
from ade20k_folder import BED, PERSON, make_ade20k
from mmdet.datasets.ade20k import ADE20KPanopticDataset

from mmpisr.datasets.segment_png import decode_segment_ids

FIRST = 'validation/ADE_val_00000001'


@pytest.fixture
def root(tmp_path):
    return make_ade20k(tmp_path, num=2)


def names_and_numbers(root, name='ade20k_panoptic_val'):
    """Sorted class names of the first image's segments, and how often each occurs."""
    content = json.loads((root / f'{name}.json').read_text())
    name_of = {c['id']: c['name'] for c in content['categories']}
    segments = content['annotations'][0]['segments_info']
    names = [name_of[segment['category_id']] for segment in segments]
    return {name: names.count(name) for name in sorted(names)}


def test_categories_are_those_of_mmdet_in_its_order():
    classes = ade20k_classes()
    meta = ADE20KPanopticDataset.METAINFO

    assert [c['id'] for c in classes.categories] == list(range(150))
    assert tuple(c['name'] for c in classes.categories) == meta['classes']
    assert [c['isthing'] for c in classes.categories] == [1] * 100 + [0] * 50
    assert tuple(classes.categories[0]['color']) == tuple(meta['palette'][0])


@pytest.mark.parametrize(
    ('semantic', 'instance', 'name'),
    [(8, 1, 'bed'), (9, 2, 'window'), (13, 4, 'person'), (150, 100, 'flag')]
    + [(139, 92, 'trash can'), (90, 58, 'tv'), (104, 66, 'ship')],
)
def test_numbers_in_the_pngs_mean_what_the_official_table_says(
    semantic, instance, name
):
    classes = ade20k_classes()

    assert classes.of_semantic[semantic] == classes.of_instance[instance]
    assert classes.categories[classes.of_instance[instance]]['name'] == name


@pytest.mark.parametrize(
    ('number', 'name'), [(1, 'wall'), (110, 'pool'), (114, 'falls'), (146, 'shower')]
)
def test_semantic_numbers_of_stuff_have_their_name(number, name):
    classes = ade20k_classes()

    assert classes.categories[classes.of_semantic[number]]['name'] == name


def test_stuff_and_annotated_things_are_segments_and_the_rest_is_void(root):
    prepare_ade20k(root, splits=['val'])

    assert names_and_numbers(root) == dict(bed=1, person=2, sky=1, tree=1, wall=1)
    ids = decode_segment_ids(
        (root / 'ade20k_panoptic_val/ADE_val_00000001.png').read_bytes()
    )
    semantic = cv2.imread(str(root / f'annotations/{FIRST}.png'), cv2.IMREAD_UNCHANGED)
    instance = cv2.imread(str(root / f'annotations_instance/{FIRST}.png'))
    without = np.isin(semantic, [BED, PERSON]) & (instance[..., 1] == 0)
    assert without.any()
    np.testing.assert_array_equal(ids == 0, without | (semantic == 0))


def test_every_pixel_has_the_class_of_its_instance_or_else_its_stuff(root):
    prepare_ade20k(root, splits=['val'])
    content = json.loads((root / 'ade20k_panoptic_val.json').read_text())
    classes = ade20k_classes()
    for annotation in content['annotations']:
        name = annotation['file_name']
        png = root / 'ade20k_panoptic_val' / name
        ids = decode_segment_ids(png.read_bytes())
        read = [
            cv2.imread(str(root / kind / 'validation' / name), cv2.IMREAD_UNCHANGED)
            for kind in ('annotations', 'annotations_instance')
        ]
        category_of = {s['id']: s['category_id'] for s in annotation['segments_info']}
        for segment_id, number, (_, instance, label) in zip(
            ids.ravel().tolist(), read[0].ravel(), read[1].reshape(-1, 3), strict=True
        ):
            expected = classes.of_semantic.get(number, -1)
            expected = -1 if expected in classes.thing_ids else expected
            expected = classes.of_instance[label] if instance else expected
            assert category_of.get(segment_id, -1) == expected


def test_the_json_has_the_fields_that_mmdet_writes(root):
    prepare_ade20k(root, splits=['train'])
    content = json.loads((root / 'ade20k_panoptic_train.json').read_text())

    image = dict(id='ADE_train_00000001', file_name='ADE_train_00000001.jpg')
    assert content['images'][0] == dict(image, height=64, width=96)
    annotation = content['annotations'][0]
    assert annotation['image_id'] == 'ADE_train_00000001'
    assert annotation['file_name'] == 'ADE_train_00000001.png'
    assert set(annotation['segments_info'][0]) == {
        *('id', 'category_id', 'iscrowd', 'area', 'bbox')
    }
    beds = [s for s in annotation['segments_info'] if s['category_id'] == 0]
    assert beds[0]['bbox'][:3] == [0, 32, 16]  # mmdet's left edge is another segment's


def test_an_instance_covers_stuff_and_the_other_class_of_the_semantic_png(root):
    path = root / f'annotations/{FIRST}.png'
    semantic = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), np.where(semantic == BED, 1, semantic))

    prepare_ade20k(root, splits=['val'])

    assert names_and_numbers(root)['bed'] == 1


def test_the_papers_split_has_115_things_and_files_of_its_own(root):
    prepare_ade20k(root, splits=['val'], paper_split=True)
    content = json.loads((root / 'ade20k_panoptic_115_val.json').read_text())

    flags = [c['isthing'] for c in content['categories']]
    assert flags == [1] * 115 + [0] * 35
    names = [c['name'] for c in content['categories']]
    assert set(names) == set(ADE20KPanopticDataset.METAINFO['classes'])
    counts = names_and_numbers(root, 'ade20k_panoptic_115_val')
    assert counts == dict(bed=1, person=2, sky=1, tree=2, wall=1)  # trees do not touch
    assert not (root / 'ade20k_panoptic_val.json').exists()


def test_a_finished_split_is_kept(root, capsys):
    prepare_ade20k(root, splits=['val'])
    capsys.readouterr()
    prepare_ade20k(root, splits=['val'])

    assert 'kept, all 2 images are there' in capsys.readouterr().out


@pytest.mark.parametrize('kind', ['annotations', 'annotations_instance'])
def test_only_the_image_of_a_changed_annotation_is_made_again(root, kind, capsys):
    prepare_ade20k(root, splits=['val'])
    path = root / kind / f'{FIRST}.png'
    cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED) * 0)
    capsys.readouterr()

    prepare_ade20k(root, splits=['val'])

    shown = capsys.readouterr().out
    assert 'going on after 1 of 2 images' in shown
    assert "1 images are made again, 'ADE_val_00000001.png' the first" in shown


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('images/validation', r"images/validation' is missing \(1 of 1"),
        (f'annotations/{FIRST}.png', r"annotations/validation/ADE_val_00000001\.png'"),
        (f'annotations_instance/{FIRST}.png', r'annotations_instance/.*\(1 of 4 are\)'),
    ],
)
def test_a_missing_file_is_named_with_the_layout(root, missing, message):
    (root / missing).rename(root / 'elsewhere')

    message += r'(.|\n)*annotations/\{training,validation\}/ADE_\*\.png'
    with pytest.raises(FileNotFoundError, match=message):
        prepare_ade20k(root, splits=['val'])


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / 'images/training').mkdir(parents=True)

    with pytest.raises(FileNotFoundError, match=r"ADE_\*\.jpg' is missing"):
        prepare_ade20k(tmp_path, splits=['train'])


def truncate(path):
    path.write_bytes(path.read_bytes()[:-30])


def shrink(path):
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), image[:-2])


def set_pixel(*value):
    def spoil(path):
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        image[40, 2] = value[::-1] if len(value) > 1 else value[0]
        cv2.imwrite(str(path), image)

    return spoil


def make_grey(path):
    cv2.imwrite(str(path), cv2.imread(str(path))[..., 0])


def make_coloured(path):
    image = cv2.imread(str(path))
    image[0, 0] = 1, 2, 3
    cv2.imwrite(str(path), image)


@pytest.mark.parametrize(
    ('kind', 'spoil', 'message'),
    [
        ('annotations', truncate, 'ADE_val_00000001.png: not a complete png'),
        ('annotations', set_pixel(151), '1 pixels have value 151, which no class'),
        ('annotations', make_coloured, r'has 3 channels, expected class numbers'),
        ('annotations', shrink, r'is \(64, 96\) .*annotations/.* is \(62, 96\)'),
        ('annotations_instance', truncate, 'not a complete png, is it truncated'),
        (
            'annotations_instance',
            set_pixel(101, 1, 0),
            'have value 101, which no class',
        ),
        (
            'annotations_instance',
            set_pixel(4, 1, 0),
            r'instance 1 has categories \[0, 3\], not one',
        ),
        ('annotations_instance', set_pixel(0, 1, 0), 'instance number have class 0'),
        ('annotations_instance', make_grey, 'one channel, expected two or three'),
    ],
)
def test_a_faulty_png_is_named(root, kind, spoil, message):
    spoil(root / kind / f'{FIRST}.png')

    with pytest.raises(ValueError, match=message):
        prepare_ade20k(root, splits=['val'])
    assert not (root / 'ade20k_panoptic_val.json').exists()


def test_pngs_of_another_size_than_the_image_are_refused(root):
    shrink(root / f'images/{FIRST}.jpg')

    message = r"segments are \(64, 96\) .* image 'ADE_val_00000001' is \(62, 96\)"
    with pytest.raises(ValueError, match=message):
        prepare_ade20k(root, splits=['val'])


def test_a_file_that_is_no_image_is_named(root):
    (root / f'images/{FIRST}.jpg').write_text('text')

    with pytest.raises(ValueError, match=r'ADE_val_00000001\.jpg: not an image'):
        prepare_ade20k(root, splits=['val'])
