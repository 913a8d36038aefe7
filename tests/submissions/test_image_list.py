import json
import re

import pytest

from mmpisr.submissions.image_list import (
    check_categories,
    read_image_list,
    split_of,
)


@pytest.mark.parametrize(
    ('name', 'split'),
    [
        ('panoptic_image_info_test-dev2017.json', 'test-dev2017'),
        ('a/panoptic_val2017.json', 'val2017'),
        ('cityscapes_panoptic_val_trainId.json', 'val'),
        ('ade20k_panoptic_train.json', 'train'),
        ('mine.json', 'test'),
    ],
)
def test_the_split_is_in_the_name_of_the_json(name, split):
    assert split_of(name) == split


def test_what_is_saved_is_read_back(coco_list, tmp_path):
    coco_list.save(tmp_path / 'a.json')

    assert read_image_list(tmp_path / 'a.json') == coco_list


def test_an_official_list_has_no_format_and_folders_are_cut_off(tmp_path):
    image = dict(id='a', file_name='bonn/a.png', height=2, width=3, license=1)
    path = tmp_path / 'image_info_val2017.json'
    path.write_text(json.dumps(dict(images=[image])))

    read = read_image_list(path)

    assert read.images == [('a', 'a.png', 2, 3, 'a')]
    assert (read.categories, read.split, read.format) == ([], 'val2017', '')


def test_a_json_without_images_is_refused(tmp_path):
    (tmp_path / 'a.json').write_text('{"annotations": []}')

    with pytest.raises(ValueError, match=r"a\.json: lacks .*'images'.*'annotations'"):
        read_image_list(tmp_path / 'a.json')


def test_a_json_cut_in_half_and_a_missing_one_are_named(coco_list, tmp_path):
    path = tmp_path / 'a.json'
    with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
        read_image_list(path)
    coco_list.save(path)
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(ValueError, match=r'a\.json.*truncated'):
        read_image_list(path)


def test_images_of_one_name_keep_folders_or_suffixes_apart(tmp_path):
    path = tmp_path / 'val.json'
    wanted = {
        ('x/cam1/f0.jpg', 'x/cam 2/f0.jpg'): ['cam1/f0', 'cam 2/f0'],
        ('f0.jpg', 'f0.png'): ['f0.jpg', 'f0.png'],
        ('a/f0.jpg', 'b/f1.jpg'): ['f0', 'f1'],
    }
    for files, names in wanted.items():
        images = [
            dict(id=i, file_name=file, height=2, width=3)
            for i, file in enumerate(files)
        ]
        path.write_text(json.dumps(dict(images=images)))

        read = read_image_list(path)
        read.save(tmp_path / 'saved.json')

        assert [image.name for image in read.images] == names
        assert read_image_list(tmp_path / 'saved.json') == read


def test_categories_without_thing_flags_are_refused(coco_list):
    lacking = [dict(id=1, name='cat'), *coco_list.categories]

    with pytest.raises(ValueError, match=r"c\.json: categories\[0\] lacks .*'isthing'"):
        check_categories('c.json', lacking)
    with pytest.raises(
        ValueError, match=r'c\.json: categories is None, expected a list'
    ):
        check_categories('c.json', [])
