"""ADE20K's config, on embedded scenes that are named and laid out like ADE20K."""

import json
import shutil

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpisr.datasets import merge_options
from mmpisr.registry import DATASETS, METRICS


@pytest.fixture
def ade20k_root(scenes_root, tmp_path):
    """Scenes in the folders, and with the names for ids, that ADE20K has."""
    for split, folder in (('train', 'training'), ('val', 'validation')):
        source = scenes_root / 'annotations' / f'panoptic_{split}'
        shutil.copytree(source, tmp_path / f'ade20k_panoptic_{split}')
        shutil.copytree(scenes_root / 'images' / split, tmp_path / 'images' / folder)
        content = json.loads(source.with_suffix('.json').read_text())
        for image in content['images']:
            image['id'] = f'ADE_{image["id"]}'
        for annotation in content['annotations']:
            annotation['image_id'] = f'ADE_{annotation["image_id"]}'
        text = json.dumps(content)
        (tmp_path / f'ade20k_panoptic_{split}.json').write_text(text)
    return tmp_path


def test_ade20k_gives_crops_with_masks_of_things(ade20k_root, repo):
    init_default_scope('mmdet')
    cfg = Config.fromfile(repo / 'configs/_base_/datasets/ade20k_panoptic.py')
    merge_options(cfg, dict(data_root=str(ade20k_root)))

    train = DATASETS.build(cfg.train_dataloader.dataset)[0]
    val = DATASETS.build(cfg.val_dataloader.dataset)[0]['data_samples']
    metric = METRICS.build(cfg.val_evaluator)

    assert max(train['inputs'].shape) <= 640
    things = train['data_samples'].gt_instances
    assert things.masks.masks.shape == (len(things), *train['inputs'].shape[1:])
    assert val.gt_panoptic_seg.shape == val.ori_shape == (64, 96)
    assert val.img_shape == (640, 960)
    assert metric._annotations.truth(val.img_id).ids.shape == (64, 96)
