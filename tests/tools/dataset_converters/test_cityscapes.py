"""Panoptic json and pngs: those of cityscapesScripts, and every fault by name."""

import json
import shutil

import cv2
import numpy as np
import pytest
from cityscapes import (
    check_cityscapes,
    check_label_table,
    convert_cityscapes,
)
from cityscapes_tree import (
    FRAMES,
    instance_map,
    label_map,
    write_cityscapes,
    zip_cityscapes,
)

from mmpisr.datasets.segment_png import decode_segment_ids

ZURICH = 'gtFine/train/zurich/zurich_000001_000019_gtFine'


@pytest.fixture
def root(tmp_path):
    return write_cityscapes(tmp_path / 'cityscapes')


def convert_officially(gt_fine, target, *, train_ids):
    module = 'cityscapesscripts.preparation.createPanopticImgs'
    tool = pytest.importorskip(module)
    target.mkdir()
    tool.convert2panoptic(str(gt_fine), str(target), train_ids, ['train', 'val'])


def assert_same(ours, theirs, train_ids, images):
    suffix = '_trainId' if train_ids else ''
    for split, count in zip(('train', 'val'), images, strict=True):
        name = f'cityscapes_panoptic_{split}{suffix}'
        json_name = f'{name}.json'
        assert (ours / json_name).read_bytes() == (theirs / json_name).read_bytes()
        pngs = sorted((theirs / name).iterdir())
        assert sorted(p.name for p in (ours / name).iterdir()) == [p.name for p in pngs]
        assert len(pngs) == count
        for png in pngs:
            ids = decode_segment_ids((ours / name / png.name).read_bytes())
            assert np.array_equal(ids, decode_segment_ids(png.read_bytes()))


@pytest.mark.parametrize('train_ids', [False, True])
def test_the_result_is_that_of_cityscapesscripts(root, tmp_path, train_ids):
    convert_officially(root / 'gtFine', tmp_path / 'theirs', train_ids=train_ids)
    convert_cityscapes(root, train_ids=train_ids)

    assert_same(root / 'gtFine', tmp_path / 'theirs', train_ids, (2, 1))


@pytest.mark.parametrize('train_ids', [False, True])
def test_the_result_on_real_frames_is_that_of_cityscapesscripts(
    shared_data, tmp_path, train_ids
):
    sample, root = shared_data / 'cityscapes_sample', tmp_path / 'root'
    (root / 'gtFine').mkdir(parents=True)
    (root / 'leftImg8bit').symlink_to(sample / 'leftImg8bit')
    for split in ('train', 'val'):
        (root / 'gtFine' / split).symlink_to(sample / 'gtFine' / split)
    theirs = tmp_path / 'theirs'

    convert_officially(sample / 'gtFine', theirs, train_ids=train_ids)
    convert_cityscapes(root, train_ids=train_ids)

    assert_same(root / 'gtFine', theirs, train_ids, (3, 1))


@pytest.mark.parametrize('workers', [1, 2])
def test_zip_files_are_converted_without_unpacking(root, tmp_path, workers):
    zips = tmp_path / 'zips'
    zips.mkdir()
    zip_cityscapes(root, zips)

    written = convert_cityscapes(zips, workers=workers)
    convert_cityscapes(root)

    assert_same(zips / 'gtFine', root / 'gtFine', False, (2, 1))
    assert [path.stem.split('_')[-1] for path in written] == ['train', 'val', 'test']


def test_the_json_of_cityscapesscripts_is_made_again_to_the_same_bytes(
    root, tmp_path, capsys
):
    convert_officially(root / 'gtFine', tmp_path / 'theirs', train_ids=False)
    shutil.copytree(tmp_path / 'theirs', root / 'gtFine', dirs_exist_ok=True)

    convert_cityscapes(root)

    assert 'not those on record' in capsys.readouterr().out
    assert_same(root / 'gtFine', tmp_path / 'theirs', False, (2, 1))


def test_only_the_image_whose_label_was_corrected_is_made_again(root, capsys):
    convert_cityscapes(root)
    path = root / f'{ZURICH}_instanceIds.png'
    instances = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), np.where(instances == 7, 8, instances))
    for label in (root / 'gtFine').rglob('*_labelIds.png'):
        label.unlink()
    capsys.readouterr()

    convert_cityscapes(root, splits=['train'])

    shown = capsys.readouterr().out
    assert 'images are made again' in shown
    assert 'kept, all' not in shown


def test_the_test_split_lists_images_and_both_kinds_of_categories(root):
    convert_cityscapes(root, splits=['test'])
    convert_cityscapes(root, splits=['test'], train_ids=True)

    path = root / 'gtFine' / 'cityscapes_panoptic_test.json'
    content = json.loads(path.read_text())
    assert set(content) == {'images', 'categories'}
    assert content['images'][0] == dict(
        id=FRAMES['test'][0],
        file_name='berlin/berlin_000000_000019_leftImg8bit.png',
        height=16,
        width=32,
    )
    twin = json.loads(path.with_stem(f'{path.stem}_trainId').read_text())
    assert [c['id'] for c in content['categories']][:3] == [7, 8, 11]
    assert [c['id'] for c in twin['categories']] == [*range(19)]


def test_a_split_that_is_not_there_is_left_out_unless_asked_for(root):
    shutil.rmtree(root / 'leftImg8bit/test')

    assert len(convert_cityscapes(root)) == 2
    with pytest.raises(FileNotFoundError, match=r'Cityscapes test: .*leftImg8bit/test'):
        convert_cityscapes(root, splits=['test'])


@pytest.mark.parametrize(
    ('removed', 'message'),
    [
        (
            f'{ZURICH}_instanceIds.png',
            r"train: '.*_instanceIds\.png' .* \(1 of 2 are\)",
        ),
        (f'{ZURICH}_labelIds.png', r"train: '.*_labelIds\.png' is missing \(1 of 2"),
        (
            'leftImg8bit/train/zurich/zurich_000001_000019_leftImg8bit.png',
            r"train: '.*zurich_000001_000019_leftImg8bit\.png' is missing \(1 of 2",
        ),
        ('gtFine/val', r"val: '.*frankfurt_000000_000294_gtFine_instanceIds\.png'"),
        ('leftImg8bit/val', r"val: '.*frankfurt_000000_000294_leftImg8bit\.png'"),
    ],
)
def test_a_missing_file_is_named_with_the_layout(root, removed, message):
    path = root / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    for action in (convert_cityscapes, check_cityscapes):
        with pytest.raises(FileNotFoundError, match=message) as error:
            action(root)
        assert 'gtFine_trainvaltest.zip' in str(error.value)
        assert not [*root.glob('gtFine/*panoptic*')]


def test_an_empty_folder_is_told_the_layout(tmp_path):
    message = r'train: .*leftImg8bit/train/CITY/ID_leftImg8bit.*layout that is expected'
    with pytest.raises(FileNotFoundError, match=message):
        convert_cityscapes(tmp_path)


def write(root, name, image):
    assert cv2.imwrite(str(root / f'{name}.png'), image)


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def other_label(root):
    labels = label_map(instance_map(1))
    labels[12, 3] = 8
    write(root, f'{ZURICH}_labelIds', labels)


def unknown_label(root):
    ids = instance_map(1)
    ids[0, 0] = 34000
    write(root, f'{ZURICH}_instanceIds', ids)
    write(root, f'{ZURICH}_labelIds', label_map(ids))


def other_size(root):
    write(root, f'{ZURICH}_labelIds', label_map(instance_map(1))[:, :30])


def three_channels(root):
    colours = np.zeros((16, 32, 3), np.uint8)
    colours[0, 0] = 1, 2, 3
    write(root, f'{ZURICH}_labelIds', colours)


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (
            other_label,
            r'_labelIds\.png: label 8 at .*\(12, 3\), .*_instanceIds.* has 7',
        ),
        (unknown_label, r'_instanceIds\.png: value 34000 has unknown label 34'),
        (other_size, r'_labelIds\.png: is \(16, 30\) .* is \(16, 32\)'),
        (three_channels, r'_labelIds\.png: has 3 channels, expected'),
        (lambda r: cut(r / f'{ZURICH}_instanceIds.png'), r'Ids\.png: not a complete'),
        (lambda r: (r / f'{ZURICH}_labelIds.png').write_bytes(b'x'), 'not an image'),
    ],
)
def test_damaged_or_contradicting_truth_is_named(root, spoil, message):
    spoil(root)

    for action in (convert_cityscapes, check_cityscapes):
        with pytest.raises(ValueError, match=message):
            action(root, splits=['train'])
        assert not [*root.glob('gtFine/*panoptic*.json')]


def test_a_license_plate_that_was_drawn_is_void(root):
    labels = label_map(instance_map(1))
    labels[12, 3] = 255
    write(root, f'{ZURICH}_labelIds', labels)

    check_cityscapes(root)


def test_label_pngs_may_be_absent_altogether(root):
    for path in root.glob('gtFine/*/*/*_labelIds.png'):
        path.unlink()

    assert len(convert_cityscapes(root)) == 3


def test_a_check_writes_nothing_and_knows_both_kinds(root, capsys):
    before = sorted(root.rglob('*'))
    check_cityscapes(root)
    assert sorted(root.rglob('*')) == before
    assert 'train: 2 images are complete' in capsys.readouterr().out

    convert_cityscapes(root, train_ids=True)
    check_cityscapes(root)
    twin = root / 'gtFine/cityscapes_panoptic_val_trainId.json'
    twin.rename(twin.with_stem('cityscapes_panoptic_val'))
    with pytest.raises(ValueError, match=r'val\.json: category ids are train ids, but'):
        check_cityscapes(root)


def test_an_adapted_label_table_of_cityscapesscripts_is_refused(monkeypatch):
    labels = pytest.importorskip('cityscapesscripts.helpers.labels')
    road = labels.name2label['road']._replace(trainId=3)
    monkeypatch.setitem(labels.name2label, 'road', road)

    with pytest.raises(ValueError, match="'road' has label id 7 and train id 3, expec"):
        check_label_table()


def test_a_full_disk_leaves_no_half_json(root, monkeypatch):
    def refuse(path, content):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('mmpisr.files.Path.write_bytes', refuse)
    with pytest.raises(OSError, match=r'disk is full .*panoptic_test\.json'):
        convert_cityscapes(root, splits=['test'])
    assert not [*root.glob('gtFine/*panoptic*')]
