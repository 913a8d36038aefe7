"""Cityscapes' configs on the official layout, and the metric on the official json."""

import pytest
import torch
from cityscapes import convert_cityscapes
from cityscapes_tree import write_cityscapes, zip_cityscapes
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpisr.datasets import merge_options
from mmpisr.registry import DATASETS, METRICS


@pytest.fixture(params=['folders', 'zips'])
def root(request, tmp_path):
    root = write_cityscapes(tmp_path / 'cityscapes')
    if request.param == 'zips':
        zips = tmp_path / 'zips'
        zips.mkdir()
        root = zip_cityscapes(root, zips)
    convert_cityscapes(root)
    return root


def read(repo, root, variant=''):
    init_default_scope('mmdet')
    path = repo / f'configs/_base_/datasets/cityscapes_panoptic{variant}.py'
    cfg = Config.fromfile(str(path))
    merge_options(cfg, dict(data_root=str(root)))
    return cfg


def test_train_gives_crops_and_val_the_full_size(repo, root):
    cfg = read(repo, root)
    train = DATASETS.build(cfg.train_dataloader.dataset)
    val = DATASETS.build(cfg.val_dataloader.dataset)

    assert (len(train), len(val)) == (2, 1)
    assert train[0]['inputs'].shape == (3, 512, 1024)
    assert val[0]['inputs'].shape == (3, 16, 32)
    assert cfg.test_dataloader == cfg.val_dataloader


def test_the_test_split_is_read_without_truth(repo, root):
    cfg = read(repo, root)
    cfg.test_dataloader.dataset.update(
        ann_file='gtFine/cityscapes_panoptic_test.json',
        data_prefix=dict(img='leftImg8bit/test/'),
    )
    test = DATASETS.build(cfg.test_dataloader.dataset)

    assert [item['data_samples'].img_id for item in test] == [
        *('berlin_000000_000019', 'bonn_000000_000019'),
    ]


def test_instances_have_masks_of_the_input(repo, root):
    cfg = read(repo, root, '_instances')
    sample = DATASETS.build(cfg.train_dataloader.dataset)[0]

    things = sample['data_samples'].gt_instances
    assert things.labels.tolist() == [0, 2, 2]  # a person, two cars, not their crowd
    assert things.masks.masks.shape[1:] == sample['inputs'].shape[1:]
    assert cfg.test_evaluator == read(repo, root).test_evaluator


def test_truth_as_prediction_is_perfect_for_the_official_json(repo, root):
    cfg = read(repo, root)
    cfg.val_evaluator.mask_ap = False  # needs cityscapesscripts
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    metric = METRICS.build(cfg.val_evaluator)
    metric.dataset_meta = dataset.metainfo

    for item in dataset:
        sample = item['data_samples'].to_dict()
        sample['pred_panoptic_seg'] = sample['gt_panoptic_seg']
        sample['pred_sem_seg'] = sample['gt_sem_seg']
        metric.process({}, [sample])
    scores = metric.evaluate(len(dataset))

    perfect = ('PQ', 'PQ_th', 'PQ_st', 'mIoU', 'iIoU')
    assert [scores[f'coco_panoptic/{key}'] for key in perfect] == [100] * 5


def test_an_error_in_one_class_is_charged_to_it_alone(repo, root):
    cfg = read(repo, root)
    cfg.val_evaluator |= dict(mask_ap=False, miou=False, iiou=False)
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    metric = METRICS.build(cfg.val_evaluator)
    metric.dataset_meta = dataset.metainfo
    sample = dataset[0]['data_samples'].to_dict()
    pred = sample['gt_panoptic_seg']['sem_seg'].clone()
    sky = dataset.metainfo['classes'].index('sky')
    pred[pred == sky] = dataset.metainfo['classes'].index('building')
    sample['pred_panoptic_seg'] = dict(sem_seg=pred)

    metric.process({}, [sample])
    scores = metric.evaluate(1)

    assert torch.unique(pred).numel() == 6
    assert scores['coco_panoptic/PQ_th'] == 100
    assert scores['coco_panoptic/PQ_st'] == pytest.approx(100 / 3)  # road of three
