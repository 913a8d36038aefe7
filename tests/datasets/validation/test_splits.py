"""Splits of a config, and images that two of them share."""

import re
import shutil

import cv2
import pytest
from mmengine.config import Config

from mmpisr.datasets import PanopticDataset, merge_options
from mmpisr.datasets.validation.command import all_problems
from mmpisr.datasets.validation.sources import splits_of_config
from mmpisr.datasets.validation.split import check_split
from mmpisr.registry import DATASETS


@pytest.fixture
def cfg(scenes, repo):
    cfg = Config.fromfile(repo / 'configs/_base_/datasets/scenes_panoptic.py')
    merge_options(cfg, dict(data_root=str(scenes.root)))
    return cfg


def shared_images(cfg):
    """Problems between splits."""
    findings = [check_split(split) for split in splits_of_config(cfg)]
    return [p for p in all_problems(findings) if p.kind == 'images in two splits']


def names(cfg, *args):
    return [split.name for split in splits_of_config(cfg, *args)]


def test_val_and_test_of_the_same_json_are_one_split(cfg):
    assert names(cfg) == ['train', 'val = test']
    assert names(cfg, ['val']) == ['val']


def test_splits_of_different_images_share_none(cfg):
    assert shared_images(cfg) == []


def test_the_same_file_in_train_and_val_is_an_error(cfg, scenes):
    val = scenes.root / 'images' / 'val' / '000001.png'
    shutil.copy(scenes.image, val)

    (problem,) = shared_images(cfg)

    assert problem.level == 'error'
    assert problem.where == str(val)
    pattern = rf"of val = test with the same bytes as '{scenes.image}' of train"
    assert re.search(pattern, problem.message)


def test_the_same_pixels_in_another_file_are_an_error(cfg, scenes):
    val = scenes.root / 'images' / 'val' / '000001.png'
    pixels = cv2.imread(str(scenes.image))
    cv2.imwrite(str(val), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    assert val.read_bytes() != scenes.image.read_bytes()

    (problem,) = shared_images(cfg)

    assert problem.level == 'error'
    assert 'same pixels' in problem.message


def test_images_shared_by_val_and_test_are_a_warning(cfg):
    test = cfg.test_dataloader.to_dict()
    test['dataset']['data_prefix']['img'] = './images/val/'
    cfg.test_dataloader = test

    problems = shared_images(cfg)

    assert names(cfg) == ['train', 'val', 'test']
    assert [problem.level for problem in problems] == ['warning', 'warning']


def test_an_image_that_a_split_has_twice_is_a_warning(scenes):
    shutil.copy(scenes.image, scenes.image.with_name('000003.png'))

    (problem,) = (p for p in scenes.problems() if 'same bytes' in p)

    assert re.search(r'warning: .*000003\.png: same bytes as .*000000\.png', problem)


def test_wrapped_datasets_are_found(cfg):
    train, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
    inner = dict(type='RepeatDataset', times=2, dataset=train)
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=[inner, val])

    assert names(cfg) == ['train', 'train = val = test']


def test_the_class_names_of_a_config_must_be_those_of_the_json(cfg):
    cfg.train_dataloader.dataset.metainfo = dict(classes=('car', 'cat'))

    found = check_split(splits_of_config(cfg)[0])

    (problem,) = (p for p in found.problems if p.level == 'error')
    assert re.search(
        r"class 1 is 'cat' .* in metainfo, but .* \(2 against 19 classes\)",
        str(problem),
    )


def test_a_class_that_puts_things_first_itself_may_have_any_order(cfg, scenes):
    @DATASETS.register_module(force=True)
    class StuffFirst(PanopticDataset):
        def _read_json(self):
            content = super()._read_json()
            return dict(content, categories=content['categories'][::-1])

    scenes.spoil(lambda content: content['categories'].reverse())
    cfg.train_dataloader.dataset.type = 'mmpisr.StuffFirst'
    found = check_split(splits_of_config(cfg)[0])

    assert not [p for p in found.problems if p.kind == 'order of categories']
    assert not [p for p in found.problems if p.level == 'error']


def test_datasets_of_mmdet_are_checked_as_ours(cfg):
    cfg.train_dataloader.dataset.type = 'mmdet.CocoPanopticDataset'

    found = check_split(splits_of_config(cfg)[0])

    assert found.counts.images == 6
    assert not [p for p in found.problems if p.level == 'error']


def test_a_config_without_datasets_is_refused():
    cfg = Config(dict(train_dataloader=dict(dataset=dict(type='Other'))))

    with pytest.raises(ValueError, match=r"none of \['train_dataloader', .* ann_file"):
        splits_of_config(cfg)


@pytest.mark.parametrize('size', ['240x180', '480x360'])
@pytest.mark.slow
def test_camvid_is_sound(shared_data, repo, size):
    cfg = Config.fromfile(repo / 'configs/_base_/datasets/camvid_panoptic.py')
    merge_options(cfg, dict(data_root=str(shared_data / f'camvid_{size}')))

    findings = [check_split(split, workers=2) for split in splits_of_config(cfg)]

    assert all_problems(findings) == []
    assert [found.counts.images for found in findings] == [305, 124]
