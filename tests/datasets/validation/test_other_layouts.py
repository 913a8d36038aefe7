"""Zip files and Cityscapes' own json are checked through the dataset's class."""

import json
import re
import shutil
import zipfile

import pytest
from cityscapes import convert_cityscapes
from cityscapes_tree import write_cityscapes
from mmengine.config import Config

from mmpisr.datasets import merge_options
from mmpisr.datasets.validation.command import all_problems
from mmpisr.datasets.validation.sources import split_of_json, splits_of_config
from mmpisr.datasets.validation.split import check_split


@pytest.fixture
def check(repo):
    """Check a config of ``configs/_base_/datasets`` at a root."""

    def call(config, root, workers=1):
        cfg = Config.fromfile(repo / 'configs/_base_/datasets' / config)
        merge_options(cfg, dict(data_root=str(root)))
        splits = splits_of_config(cfg, ['train', 'val'])
        return [check_split(split, workers=workers) for split in splits]

    return call


def test_zip_files_are_checked_as_folders_are(scenes, check):
    expected = check('scenes_panoptic.py', scenes.root)
    for name in ('images', 'annotations'):
        with zipfile.ZipFile(scenes.root / f'{name}.zip', 'w') as archive:
            for path in sorted((scenes.root / name).rglob('*.*')):
                archive.write(path, path.relative_to(scenes.root))
        shutil.rmtree(scenes.root / name)

    found = check('scenes_panoptic.py', scenes.root, workers=2)

    assert not [p for p in all_problems(found) if p.level == 'error']
    for ours, theirs in zip(found, expected, strict=True):
        assert vars(ours.counts) == vars(theirs.counts)
        assert ours.digests['bytes'].keys() == theirs.digests['bytes'].keys()


def test_a_png_that_a_zip_file_lacks_is_told(scenes, check):
    with zipfile.ZipFile(scenes.root / 'images.zip', 'w') as archive:
        for path in sorted((scenes.root / 'images').rglob('*.png')):
            if path != scenes.image:
                archive.write(path, path.relative_to(scenes.root))
    shutil.rmtree(scenes.root / 'images')

    problems = [*map(str, all_problems(check('scenes_panoptic.py', scenes.root)))]

    pattern = re.compile(
        r'images\.zip/images/train/000000\.png: does not exist, but im'
    )
    assert any(pattern.search(problem) for problem in problems), problems


@pytest.fixture
def cityscapes(tmp_path):
    root = write_cityscapes(tmp_path / 'cityscapes')
    convert_cityscapes(root)
    return root


def test_the_json_of_cityscapes_is_sound_for_its_class(cityscapes, check):
    found = check('cityscapes_panoptic.py', cityscapes)
    problems = all_problems(found)

    assert [f.counts.images for f in found] == [2, 1]
    errors = {p.kind for p in problems if p.level == 'error'}
    assert errors == {'images in two splits'}  # the tree draws one of each split alike
    assert not [p for p in problems if p.kind == 'order of categories']


def test_the_json_of_cityscapes_by_itself_is_out_of_order(cityscapes):
    path = cityscapes / 'gtFine' / 'cityscapes_panoptic_val.json'

    found = check_split(split_of_json(str(path)))

    (problem,) = (p for p in found.problems if p.level == 'error')
    assert "stuff 'road' (position 0) comes before thing" in problem.message
    assert 'sort_categories.py' in problem.message


@pytest.mark.parametrize(
    'spoil', [lambda road: road.update(name='rode'), lambda road: road.pop('name')]
)
def test_what_only_the_class_refuses_is_told_too(cityscapes, check, spoil):
    path = cityscapes / 'gtFine' / 'cityscapes_panoptic_train.json'
    content = json.loads(path.read_text())
    spoil(content['categories'][0])
    path.write_text(json.dumps(content))

    problems = all_problems(check('cityscapes_panoptic.py', cityscapes))

    assert [p for p in problems if p.kind == 'json of this dataset class']


def test_a_test_split_without_truth_is_sound(cityscapes, repo):
    cfg = Config.fromfile(repo / 'configs/_base_/datasets/cityscapes_panoptic.py')
    merge_options(cfg, dict(data_root=str(cityscapes)))
    cfg.test_dataloader.dataset.update(
        ann_file='gtFine/cityscapes_panoptic_test.json',
        data_prefix=dict(img='leftImg8bit/test/'),
    )

    (split,) = splits_of_config(cfg, ['test'])
    found = check_split(split)

    assert found.problems == []
    assert (found.counts.images, found.counts.segments_by.total()) == (2, 0)
    assert len(found.digests['bytes']) == 2


def test_the_cityscapes_sample_is_sound(shared_data, tmp_path, check):
    sample = shared_data / 'cityscapes_sample'
    (tmp_path / 'leftImg8bit').symlink_to(sample / 'leftImg8bit')
    shutil.copytree(sample / 'gtFine', tmp_path / 'gtFine')
    convert_cityscapes(tmp_path)

    found = check('cityscapes_panoptic.py', tmp_path)

    assert [f.counts.images for f in found] == [3, 1]
    problems = all_problems(found)
    assert not [p for p in problems if p.level == 'error'], problems
