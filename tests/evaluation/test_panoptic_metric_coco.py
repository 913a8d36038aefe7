"""Genuine COCO annotations, where they are at hand."""

import json

import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoPanopticMetric

from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.panoptic_annotations import PanopticAnnotations


def coco_samples(folder):
    """The genuine annotations and their truth in mmdet's encoding."""
    path = folder / 'coco_panoptic_sample'
    content = json.loads((path / 'panoptic_examples.json').read_text())
    label_of = {cat['id']: i for i, cat in enumerate(content['categories'])}
    isthing = [cat['isthing'] for cat in content['categories']]
    for annotation in content['annotations']:
        png = path / 'panoptic_examples' / annotation['file_name']
        ids = decode_segment_ids(png.read_bytes())
        pred = np.full(ids.shape, len(label_of))
        for number, info in enumerate(annotation['segments_info'], start=1):
            label = label_of[info['category_id']]
            if not info['iscrowd']:
                pred[ids == info['id']] = label + 1000 * number * isthing[label]
        yield annotation, pred


@pytest.fixture
def score_coco(shared_data):
    path = shared_data / 'coco_panoptic_sample' / 'panoptic_examples.json'
    names = [cat['name'] for cat in PanopticAnnotations(path).categories]
    folder = str(path.with_suffix(''))

    def score(metric_type, preds):
        metric = metric_type(ann_file=str(path), seg_prefix=folder)
        metric.dataset_meta = dict(classes=names)
        for annotation, pred in preds:
            seg = dict(sem_seg=torch.from_numpy(pred.copy())[None])
            sample = dict(
                img_id=annotation['image_id'],
                img_path=annotation['file_name'].replace('.png', '.jpg'),
                ori_shape=pred.shape,
                pred_panoptic_seg=seg,
            )
            metric.process({}, [sample])
        return metric.evaluate(size=len(preds))

    return score


def test_the_truth_of_genuine_coco_images_scores_100(shared_data, score_coco):
    values = score_coco(PanopticMetric, [*coco_samples(shared_data)])
    assert values['coco_panoptic/PQ'] == 100


def test_a_perturbed_coco_image_scores_what_mmdet_computes(shared_data, score_coco):
    preds = [*coco_samples(shared_data)]
    for _, pred in preds:
        pred[: pred.shape[0] // 2] = np.roll(pred, 40, axis=1)[: pred.shape[0] // 2]
    ours = score_coco(PanopticMetric, preds)
    assert ours == pytest.approx(score_coco(CocoPanopticMetric, preds), rel=1e-12)
    assert 0 < ours['coco_panoptic/PQ'] < 100
