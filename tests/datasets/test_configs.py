"""Dataset configs: parse, build, and give what a model reads."""

import pytest
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from mmpisr.datasets import merge_options
from mmpisr.registry import DATASETS, METRICS, MODELS, TRANSFORMS

NAMES = ('scenes', 'camvid', 'cityscapes', 'coco')
TARGETS = {'center', 'offset', 'semantic_weights', 'center_weights', 'offset_weights'}


def read(repo, name, data_root=None):
    init_default_scope('mmdet')
    path = repo / f'configs/_base_/datasets/{name}_panoptic.py'
    cfg = Config.fromfile(str(path))
    merge_options(cfg, data_root and dict(data_root=str(data_root)))
    return cfg


@pytest.mark.parametrize('name', NAMES)
def test_every_pipeline_can_be_built_from_any_folder(repo, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = read(repo, name)

    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        for transform in loader.dataset.pipeline:
            TRANSFORMS.build(transform)
        assert loader.dataset.data_root == cfg.data_root


def test_scenes_give_targets_to_train_and_ground_truth_to_evaluate(repo, scenes_root):
    cfg = read(repo, 'scenes', scenes_root)
    train = DATASETS.build(cfg.train_dataloader.dataset)[0]
    val = DATASETS.build(cfg.val_dataloader.dataset)[0]

    assert train['inputs'].shape == val['inputs'].shape == (3, 64, 96)
    assert set(train['data_samples'].gt_panoptic_deeplab.keys()) == TARGETS
    assert 'gt_panoptic_deeplab' not in val['data_samples']
    assert val['data_samples'].gt_panoptic_seg.sem_seg.shape == (1, 64, 96)
    METRICS.build(cfg.val_evaluator)


def test_camvid_pads_crops_in_the_model_and_evaluates_at_the_original(
    repo, shared_data
):
    cfg = read(repo, 'camvid', shared_data / 'camvid_240x180')
    train = DATASETS.build(cfg.train_dataloader.dataset)
    val = DATASETS.build(cfg.val_dataloader.dataset)[0]

    model = Config.fromfile(
        repo / 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_camvid.py'
    ).model
    preprocess = MODELS.build(model.data_preprocessor)

    items = [train[index] for index in range(4)]
    batch = preprocess(pseudo_collate(items), training=True)

    assert batch['inputs'].shape == (4, 3, 192, 240)
    for sample in batch['data_samples']:
        assert sample.batch_input_shape == (192, 240)
        assert sample.gt_panoptic_deeplab.shape == sample.img_shape
    assert val['data_samples'].gt_panoptic_seg.shape == (180, 240)


def test_coco_is_evaluated_at_the_original_size(repo, shared_data):
    cfg = read(repo, 'coco', shared_data / 'coco_panoptic_sample')
    dataset = cfg.val_dataloader.dataset
    dataset.update(
        ann_file='panoptic_examples.json',
        data_prefix=dict(img='input_images', seg='panoptic_examples'),
        pipeline=[
            dict(t, scale=(320, 320)) if t.type == 'mmdet.Resize' else t
            for t in dataset.pipeline
        ],
    )
    item = DATASETS.build(dataset)[0]

    assert max(item['inputs'].shape) == 320
    assert item['data_samples'].gt_panoptic_seg.shape == (427, 640)
