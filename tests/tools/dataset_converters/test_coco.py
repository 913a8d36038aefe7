"""COCO: the official layout is checked, from folders and zips; test-dev is listed."""

import json
import zipfile

import pytest
from coco import (
    check_coco_categories,
    coco_categories,
    prepare_coco,
)
from coco_folder import make_coco


@pytest.fixture
def root(tmp_path):
    return make_coco(tmp_path, num=2)


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_test_dev_gets_the_133_categories(root):
    prepare_coco(root)
    folder = root / 'annotations'
    listed = json.loads((folder / 'image_info_test-dev2017.json').read_text())
    written = json.loads((folder / 'panoptic_image_info_test-dev2017.json').read_text())

    assert written == listed | dict(categories=coco_categories())
    assert sum(c['isthing'] for c in written['categories']) == 80
    assert 'annotations' not in written


def test_a_list_that_is_there_is_kept_and_a_cut_one_made_again(root, capsys):
    prepare_coco(root)
    path = root / 'annotations/panoptic_image_info_test-dev2017.json'
    text = path.read_text()
    prepare_coco(root)
    assert 'kept, all 2 images are listed' in capsys.readouterr().out

    path.write_text(text[: len(text) // 2])
    prepare_coco(root)
    assert path.read_text() == text


def test_splits_that_are_not_asked_for_may_be_missing(root):
    (root / 'train2017').rename(root / 'elsewhere')
    (root / 'annotations/image_info_test-dev2017.json').unlink()

    prepare_coco(root, splits=['val'])


def pack(root, path, *folders):
    """Move folders into a zip file, which has their names at its top."""
    with zipfile.ZipFile(path, 'w') as archive:
        for folder in folders:
            for file in [folder, *sorted(folder.rglob('*'))]:
                archive.write(file, file.relative_to(root))
    for folder in folders:
        for file in sorted(folder.rglob('*')):
            file.unlink()
        folder.rmdir()


def test_images_and_pngs_may_stay_in_their_zip_files(root):
    annotations = root / 'annotations'
    for name in ('train2017', 'val2017', 'test2017'):
        pack(root, root / f'{name}.zip', root / name)
    for name in ('panoptic_train2017', 'panoptic_val2017'):
        pack(annotations, annotations / f'{name}.zip', annotations / name)

    prepare_coco(root)

    assert (annotations / 'panoptic_image_info_test-dev2017.json').is_file()


def test_annotations_are_taken_out_of_the_official_zip_files(root):
    annotations = root / 'annotations'
    for name in ('panoptic_train2017', 'panoptic_val2017'):
        pack(annotations, annotations / f'{name}.zip', annotations / name)
    info = annotations / 'image_info_test-dev2017.json'
    with zipfile.ZipFile(root / 'image_info_test2017.zip', 'w') as archive:
        archive.write(info, info.relative_to(root))
    info.unlink()
    pack(root, root / 'panoptic_annotations_trainval2017.zip', annotations)

    prepare_coco(root)

    assert sorted(path.name for path in annotations.iterdir()) == [
        'image_info_test-dev2017.json',
        'panoptic_image_info_test-dev2017.json',
        'panoptic_train2017.json',
        'panoptic_train2017.zip',
        'panoptic_val2017.json',
        'panoptic_val2017.zip',
    ]


def test_a_truncated_official_zip_is_named(root):
    (root / 'annotations/panoptic_val2017.json').unlink()
    path = root / 'panoptic_annotations_trainval2017.zip'
    path.write_bytes(b'PK\3\4 half a zip')

    message = r'trainval2017\.zip: not a complete zip file'
    with pytest.raises(ValueError, match=message):
        prepare_coco(root, splits=['val'])


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('train2017', r"train2017' is missing(.|\n)*\{train,val,test\}2017\.zip"),
        ('annotations/panoptic_val2017', r"panoptic_val2017' is missing"),
        ('annotations/panoptic_val2017.json', r"panoptic_val2017\.json' is missing"),
        ('annotations/image_info_test-dev2017.json', r'test-dev: .*image_info'),
        ('val2017/000000000003.jpg', r"images\[\].* 1 of them .*000000000003\.jpg'"),
        (
            'annotations/panoptic_val2017/000000000003.png',
            r"annotations\[\].* 1 of them .*000000000003\.png'",
        ),
    ],
)
def test_a_missing_file_is_named(root, missing, message):
    (root / missing).rename(root / 'elsewhere')

    with pytest.raises(FileNotFoundError, match=message):
        prepare_coco(root)
    assert not (root / 'annotations/panoptic_image_info_test-dev2017.json').exists()


def test_a_folder_that_is_not_there_is_named_with_the_layout(tmp_path):
    message = r"not here' is missing(.|\n)*annotations/panoptic_\{train,val\}2017"
    with pytest.raises(FileNotFoundError, match=message):
        prepare_coco(tmp_path / 'not here')


def test_a_json_cut_in_half_is_named(root):
    path = root / 'annotations/panoptic_val2017.json'
    path.write_text(path.read_text()[:500])

    with pytest.raises(
        ValueError, match=r'panoptic_val2017\.json: not a complete json'
    ):
        prepare_coco(root)


def test_instance_annotations_are_not_taken_for_panoptic_ones(root):
    path = root / 'annotations/panoptic_val2017.json'
    edit(path, lambda content: content.pop('categories'))

    with pytest.raises(ValueError, match="lacks field 'categories'; it has"):
        prepare_coco(root)


def test_unknown_splits_are_refused(root):
    with pytest.raises(ValueError, match=r"\['test'\] are unknown, known are"):
        prepare_coco(root, splits=['test'])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.reverse(), r'categories\[0\] is .*rug.*out of order'),
        (lambda c: c[4].update(isthing=0), r"categories\[4\] is .*'isthing': 0"),
        (lambda c: c[9].update(id=12), r"categories\[9\] is .*'id': 12.*'id': 10"),
        (lambda c: c.pop(), '132 categories, COCO has 133: 80 things, then 53 stuff'),
    ],
)
def test_other_categories_are_refused_naming_the_first(change, message):
    categories = coco_categories()
    change(categories)

    with pytest.raises(ValueError, match=r'a\.json: .*' + message):
        check_coco_categories('a.json', categories)


def test_the_official_table_of_categories_passes(shared_data):
    path = shared_data / 'coco_panoptic_sample/panoptic_coco_categories.json'

    check_coco_categories(path, json.loads(path.read_text()))


def test_real_annotations_pass(shared_data, tmp_path):
    sample = shared_data / 'coco_panoptic_sample'
    (tmp_path / 'annotations').mkdir()
    for name, source in (
        ('val2017', 'input_images'),
        ('annotations/panoptic_val2017', 'panoptic_examples'),
        ('annotations/panoptic_val2017.json', 'panoptic_examples.json'),
    ):
        (tmp_path / name).symlink_to(sample / source)

    prepare_coco(tmp_path, splits=['val'])
