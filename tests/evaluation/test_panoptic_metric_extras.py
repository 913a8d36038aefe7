"""mIoU, mask AP and written results, each against the tool that defines it."""

import json

import mmcv
import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric
from panopticapi.evaluation import pq_compute
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.measures.mask_ap import (
    encode_masks,
    encode_segments,
    mask_average_precision,
)

NUM_CLASSES = 3
SIZE = (24, 32)


@pytest.fixture
def scene(tmp_path):
    """Two things, a crowd, stuff and void; the png by way of our own writer."""
    ids = np.zeros(SIZE, np.int32)
    ids[:12] = 30
    ids[2:10, 2:10] = 11
    ids[2:10, 14:24] = 12
    ids[14:20, 4:12] = 13
    segments = [
        dict(id=i, category_id=c, area=int((ids == i).sum()), iscrowd=int(i == 13))
        for i, c in ((11, 1), (12, 2), (13, 1), (30, 3))
    ]
    names = ('cat', 'dog', 'sky')
    content = dict(
        categories=[
            dict(id=i + 1, name=name, isthing=int(i < 2))
            for i, name in enumerate(names)
        ],
        images=[dict(id=1, file_name='x.jpg', width=SIZE[1], height=SIZE[0])],
        annotations=[dict(image_id=1, file_name='x.png', segments_info=segments)],
    )
    (tmp_path / 'pan.json').write_text(json.dumps(content))
    _write_png(tmp_path / 'pan' / 'x.png', ids)
    return tmp_path, ids


def _write_png(path, ids):
    mmcv.imwrite(np.stack([ids * 0, ids * 0, ids], -1).astype(np.uint8), str(path))


def metric_of(folder, **options):
    metric = PanopticMetric(str(folder / 'pan.json'), **options)
    metric.dataset_meta = dict(
        classes=('cat', 'dog', 'sky'), thing_classes=('cat', 'dog')
    )
    return metric


def sample_of(pred, **fields):
    panoptic = dict(sem_seg=torch.from_numpy(pred)[None])
    return dict(
        img_id=1, img_path='x.jpg', ori_shape=SIZE, pred_panoptic_seg=panoptic, **fields
    )


def random_labels(seed, high=NUM_CLASSES):
    return np.random.default_rng(seed).integers(0, high, SIZE)


@pytest.mark.parametrize('seed', range(3))
def test_miou_is_that_of_mmseg(scene, seed):
    folder, ids = scene
    semantic = random_labels(seed)
    truth = np.full(SIZE, 255)
    for number, label in ((11, 0), (12, 1), (13, 0), (30, 2)):  # 13 is a crowd
        truth[ids == number] = label
    reference = IoUMetric()
    reference.dataset_meta = dict(classes=['cat', 'dog', 'sky'])
    maps = dict(
        pred_sem_seg=dict(data=torch.from_numpy(semantic)[None]),
        gt_sem_seg=dict(data=torch.from_numpy(truth)[None]),
    )
    reference.process({}, [maps])
    metric = metric_of(folder, miou=True)
    seg = dict(sem_seg=torch.from_numpy(semantic)[None])
    metric.process({}, [sample_of(random_labels(9), pred_sem_seg=seg)])

    value = metric.evaluate(size=1)['coco_panoptic/mIoU']

    assert value == pytest.approx(reference.evaluate(size=1)['mIoU'], abs=0.01)


def test_miou_falls_back_to_the_classes_of_the_panoptic_map(scene):
    folder, _ = scene
    pred = random_labels(0) + 1000 * random_labels(1)
    seg = dict(sem_seg=torch.from_numpy(pred % 1000)[None])
    values = []
    for fields in ({}, dict(pred_sem_seg=seg)):
        metric = metric_of(folder, miou=True)
        metric.process({}, [sample_of(pred, **fields)])
        values.append(metric.evaluate(size=1)['coco_panoptic/mIoU'])
    assert values[0] == values[1]


def random_masks(rng, count):
    corners = rng.integers(0, 16, (count, 2))
    masks = np.zeros((count, *SIZE), bool)
    for mask, (top, left) in zip(masks, corners, strict=True):
        mask[top : top + 8, left : left + rng.integers(6, 14)] = True
    return masks


def pycocotools_ap(truths, preds):
    annotations, detections = [], []
    for i, (truth, pred) in enumerate(zip(truths, preds, strict=True)):
        for code, cat, crowd in zip(*truth.values(), strict=True):
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=i,
                    category_id=int(cat),
                    iscrowd=int(crowd),
                    segmentation=code,
                    area=int(coco_mask.area(code)),
                    bbox=coco_mask.toBbox(code).tolist(),
                )
            )
        for code, cat, score in zip(*pred.values(), strict=True):
            detections.append(
                dict(image_id=i, category_id=int(cat), segmentation=code, score=score)
            )
    truth = COCO()
    truth.dataset = dict(
        images=[dict(id=i, height=24, width=32) for i in range(len(truths))],
        categories=[dict(id=0), dict(id=1)],
        annotations=annotations,
    )
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(detections), 'segm')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[:6]


@pytest.mark.parametrize('seed', range(3))
def test_mask_ap_is_that_of_pycocotools(seed):
    rng = np.random.default_rng(seed)
    truths, preds = [], []
    for _ in range(4):
        masks = random_masks(rng, 5)
        truths.append(
            dict(
                masks=encode_masks(masks),
                categories=rng.integers(0, 2, 5),
                is_crowd=rng.random(5) < 0.2,
            )
        )
        near = np.roll(masks, rng.integers(0, 3), axis=2)
        guesses = np.concatenate([near, random_masks(rng, 3)])
        preds.append(
            dict(
                masks=encode_masks(guesses),
                categories=rng.integers(0, 2, 8),
                scores=rng.random(8),
            )
        )

    values = mask_average_precision(truths, preds, np.array([True, True, False]))

    expected = pycocotools_ap(truths, preds)
    expected = np.where(expected < 0, np.nan, 100 * expected)
    np.testing.assert_allclose([*values.values()], expected, rtol=1e-9)
    assert 0 < values['AP'] < 100


def test_mask_ap_of_exact_instances_is_100_and_of_none_is_0(scene):
    folder, ids = scene
    masks = torch.from_numpy(np.stack([ids == 11, ids == 12]))
    instances = dict(
        masks=masks, labels=torch.tensor([0, 1]), scores=torch.tensor([0.9, 0.8])
    )
    nothing = {key: value[:0] for key, value in instances.items()}
    for pred, ap in ((instances, 100), (nothing, 0)):
        metric = metric_of(folder, mask_ap=True)
        metric.process({}, [sample_of(random_labels(0), pred_instances=pred)])
        values = metric.evaluate(size=1)
        assert values['coco_panoptic/AP'] == pytest.approx(ap)
        assert np.isnan(values['coco_panoptic/AP_l'])


def test_written_results_score_the_same_in_panopticapi(scene, tmp_path):
    folder, _ = scene
    pred = random_labels(0, high=NUM_CLASSES + 1)
    pred[pred < 2] += 1000
    pred[2:10, 2:10] = 2000
    metric = metric_of(folder, outfile_prefix=str(tmp_path / 'out' / 'run'))
    metric.process({}, [sample_of(pred)])

    values = metric.evaluate(size=1)

    written = pq_compute(
        str(folder / 'pan.json'), str(tmp_path / 'out' / 'run.panoptic.json')
    )
    assert values['coco_panoptic/PQ'] == pytest.approx(100 * written['All']['pq'])
    assert values['coco_panoptic/PQ'] > 0
    png = (tmp_path / 'out' / 'run.panoptic' / 'x.png').read_bytes()
    void = pred == NUM_CLASSES
    assert np.array_equal(decode_segment_ids(png), np.where(void, 0, pred))


def test_format_only_needs_no_truth(scene, tmp_path):
    folder, _ = scene
    prefix = str(tmp_path / 'run')
    metric = metric_of(folder, format_only=True, outfile_prefix=prefix)
    pred = np.zeros(SIZE, int)  # the value of void in a png
    metric.process({}, [sample_of(pred) | dict(img_id='new', img_path='d/new.jpg')])

    assert metric.evaluate(size=1) == {}
    entry = json.loads((tmp_path / 'run.panoptic.json').read_text())['annotations'][0]
    assert entry['file_name'] == 'new.png'
    assert [info['id'] for info in entry['segments_info']] == [NUM_CLASSES]


@pytest.mark.parametrize('size', [(1, 1), (5, 7), (40, 30)])
def test_segments_have_the_codes_of_their_masks(size):
    ids = np.random.default_rng(0).integers(4, size=size).astype(np.int32)
    values = np.array([0, 3, 1, 2, 9])  # 9 is absent
    masks = ids[None] == values[:, None, None]
    assert encode_segments(ids, values) == encode_masks(masks)
    assert encode_segments(ids, values[:0]) == []
