"""Folders of a config are found in the official zip files beside them."""

import zipfile

import pytest

from mmpisr.datasets.zip_files import resolve_file, resolve_folder

PNG = 'frankfurt/frankfurt_000000_000294'


@pytest.fixture
def root(tmp_path):
    return tmp_path / 'data'


def pack(path, *names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w') as archive:
        for name in names:
            archive.writestr(name, b'content')


def test_what_exists_is_kept(root):
    folder = root / 'coco' / 'val2017'
    folder.mkdir(parents=True)
    pack(root / 'coco' / 'val2017.zip', 'val2017/1.jpg')

    for kept in (str(folder), f'{folder}/', '', 's3://bucket/val2017'):
        assert resolve_folder(kept) == kept


def test_what_is_nowhere_is_unchanged(root):
    pack(root / 'coco' / 'train2017.zip', 'train2017/1.jpg')

    for missing in (f'{root}/coco/val2017', f'{root}/a/b/c/d/val', 'not/here'):
        assert resolve_folder(missing) == missing


def test_coco_is_found_in_its_zips(root):
    coco = root / 'coco'
    pack(coco / 'train2017.zip', 'train2017/1.jpg')
    pack(coco / 'val2017.zip', 'val2017/1.jpg')
    pngs = coco / 'annotations' / 'panoptic_val2017.zip'
    pack(pngs, 'panoptic_val2017/1.png', '__MACOSX/panoptic_val2017/._1.png')

    assert resolve_folder(f'{coco}/val2017/') == f'zip://{coco}/val2017.zip/val2017'
    assert resolve_folder(f'{coco}/annotations/panoptic_val2017/') == (
        f'zip://{pngs}/panoptic_val2017'
    )


def test_cityscapes_is_found_in_its_zips(root):
    city = root / 'cityscapes'
    pack(city / 'gtFine_trainvaltest.zip', f'gtFine/val/{PNG}_gtFine_labelIds.png')
    images = city / 'leftImg8bit_trainvaltest.zip'
    pack(images, f'leftImg8bit/val/{PNG}_leftImg8bit.png')
    (city / 'gtFine').mkdir()

    assert (
        resolve_folder(f'{city}/leftImg8bit/val/') == f'zip://{images}/leftImg8bit/val'
    )
    assert resolve_folder(f'{city}/gtFine/val') == (
        f'zip://{city}/gtFine_trainvaltest.zip/gtFine/val'
    )


@pytest.mark.parametrize('place', ['.', 'ADEChallengeData2016'])
def test_ade20k_is_found_beside_and_inside_its_folder(root, place):
    file = root / place / 'ADEChallengeData2016.zip'
    pack(file, 'ADEChallengeData2016/images/training/ADE_train_00000001.jpg')

    assert resolve_folder(f'{root}/ADEChallengeData2016/images/training') == (
        f'zip://{file}/ADEChallengeData2016/images/training'
    )


def test_files_at_the_top_of_a_zip_of_that_name_are_found(root):
    pack(root / 'val2017.zip', '1.jpg')

    assert resolve_folder(f'{root}/val2017') == f'zip://{root}/val2017.zip'


def test_a_json_is_found_in_a_zip_beside_its_folder(root):
    pack(root / 'annotations_trainval.zip', 'annotations/val.json')
    (root / 'annotations').mkdir()

    assert resolve_file(f'{root}/annotations/val.json') == (
        f'zip://{root}/annotations_trainval.zip/annotations/val.json'
    )
    assert resolve_file(f'{root}/annotations/no.json').endswith('annotations/no.json')


def test_relative_paths_stay_relative(root, monkeypatch):
    pack(root / 'val.zip', 'val/1.jpg')
    monkeypatch.chdir(root.parent)

    assert resolve_folder('data/val') == 'zip://data/val.zip/val'
    monkeypatch.chdir(root)
    assert resolve_folder('val') == 'zip://val.zip/val'


def test_a_choice_between_zips_is_not_guessed(root):
    pack(root / 'one.zip', 'a/val/1.jpg')
    pack(root / 'two.zip', 'b/val/1.jpg')

    with pytest.raises(ValueError, match=r'could be any of .*one\.zip/a/val.*two\.zip'):
        resolve_folder(f'{root}/val')


def test_a_truncated_zip_of_that_name_is_an_error(root):
    pack(root / 'other.zip', 'val/1.jpg')
    (root / 'leftImg8bit_trainvaltest.zip').write_bytes(b'PK\3\4 half')

    with pytest.raises(ValueError, match=r'leftImg8bit_trainvaltest\.zip: not a compl'):
        resolve_folder(f'{root}/leftImg8bit/val')
    assert resolve_folder(f'{root}/val') == f'zip://{root}/other.zip/val'
