"""Configs of a dataset that is in the format of COCO panoptic already."""

import json
import sys

import pytest
import write_configs
from mmengine.config import Config

CATEGORIES = [
    dict(id=1, name='car', isthing=1, supercategory='car'),
    dict(id=2, name='road', isthing=0, supercategory='road'),
]


@pytest.fixture
def data(tmp_path):
    """COCO's own names of files."""
    for split in 'train', 'val':
        images = [dict(id=1, file_name=f'{split}.jpg', width=640, height=480)]
        folder = tmp_path / 'annotations'
        folder.mkdir(exist_ok=True)
        content = dict(images=images, categories=CATEGORIES, annotations=[])
        (folder / f'panoptic_{split}2017.json').write_text(json.dumps(content))
        (tmp_path / f'{split}2017').mkdir()
        (tmp_path / f'{split}2017' / f'{split}.jpg').touch()
    return tmp_path


def run(data, monkeypatch, *flags):
    words = ['tool', str(data), '--write-config', str(data / 'mine.py'), *flags]
    monkeypatch.setattr(sys, 'argv', words)
    write_configs.main()


def test_jsons_and_images_with_cocos_names_are_found(data, monkeypatch):
    weights = data / 'weights.pth'
    flags = ['--model', 'mobilenetv2-slim', '--weights', str(weights)]

    run(data, monkeypatch, *flags, '--max-iters', '70')

    pisr = Config.fromfile(data / 'pisr_panoptic-deeplab_mobilenetv2-slim_mine.py')
    for split in 'train', 'val':
        dataset = pisr[f'{split}_dataloader'].dataset
        assert dataset.ann_file == f'annotations/panoptic_{split}2017.json'
        assert dataset.data_prefix.img == f'{split}2017/'
        assert dataset.data_prefix.seg == f'annotations/panoptic_{split}2017/'
    assert pisr.val_evaluator.ann_file.endswith('panoptic_val2017.json')
    assert pisr.train_cfg.max_iters == 70
    assert pisr.model.backbone.init_cfg.checkpoint == str(weights)
    assert pisr.model.backbone.frozen_stages == 6


def test_a_missing_image_is_named_with_the_flag_that_helps(data, monkeypatch, capsys):
    (data / 'val2017' / 'val.jpg').unlink()

    with pytest.raises(SystemExit, match=r"'val.jpg'.*none of .*val2017.*--images"):
        run(data, monkeypatch)

    assert not (data / 'mine.py').exists()


def test_several_jsons_of_a_split_are_refused(data, monkeypatch):
    (data / 'annotations' / 'panoptic_train_old.json').write_text('{}')

    with pytest.raises(
        SystemExit, match=r'panoptic_train2017.json.*panoptic_train_old'
    ):
        run(data, monkeypatch)
