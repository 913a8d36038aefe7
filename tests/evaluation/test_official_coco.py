"""Real COCO and CamVid images: PQ against panopticapi, mask AP against pycocotools."""

import json

import numpy as np
import pytest
import torch
from panopticapi.evaluation import pq_compute
from pycocotools import mask as run_length
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmpisr.datasets.segment_png import decode_segment_ids
from mmpisr.evaluation import PanopticMetric

JSONS = dict(
    coco='coco_panoptic_sample/panoptic_examples.json',
    camvid='camvid_240x180/annotations/panoptic_val.json',
)
AP_KEYS = ('AP', 'AP50', 'AP75', 'AP_s', 'AP_m', 'AP_l')


def spoiled_map(content, annotation, ids, rng):
    """The truth in mmdet's encoding; shifted, and single segments changed."""
    label_of = {cat['id']: i for i, cat in enumerate(content['categories'])}
    isthing = [cat['isthing'] for cat in content['categories']]
    pred = np.full(ids.shape, len(label_of))
    for number, info in enumerate(annotation['segments_info'], start=1):
        label = label_of[info['category_id']]
        if rng.random() < 0.2:
            label = int(rng.integers(len(label_of)))
        if rng.random() < 0.9:
            pred[ids == info['id']] = label + 1000 * number * isthing[label]
    pred = np.roll(pred, rng.integers(-3, 4, 2), axis=(0, 1))
    pred[-20:] = len(label_of)
    return pred


def scored(path, folder, count, seed):
    """Evaluate and write spoiled predictions; values, and what pycocotools needs."""
    content = json.loads(path.read_text())
    rng = np.random.default_rng(seed)
    metric = PanopticMetric(
        str(path), mask_ap=True, outfile_prefix=str(folder / 'run'), prefix='x'
    )
    names = [cat['name'] for cat in content['categories']]
    metric.dataset_meta = dict(classes=names)
    content['annotations'] = content['annotations'][:count]
    pairs = []
    for annotation in content['annotations']:
        png = path.with_suffix('') / annotation['file_name']
        ids = decode_segment_ids(png.read_bytes())
        pred = spoiled_map(content, annotation, ids, rng)
        probs = rng.random((len(names), *pred.shape))
        sem_seg = torch.from_numpy(pred % 1000)[None]
        sample = dict(
            img_id=annotation['image_id'],
            pred_panoptic_seg=dict(sem_seg=torch.from_numpy(pred)[None]),
            pred_sem_seg=dict(sem_seg=sem_seg, scores=torch.from_numpy(probs)),
        )
        metric.process({}, [sample])
        pairs.append((ids, pred, probs))
    (folder / 'truth.json').write_text(json.dumps(content))
    values = metric.evaluate(size=count)
    return {k.removeprefix('x/'): v for k, v in values.items()}, content, pairs


def pycocotools_ap(content, pairs):
    things = [i for i, cat in enumerate(content['categories']) if cat['isthing']]
    label_of = {cat['id']: i for i, cat in enumerate(content['categories'])}
    annotations, detections = [], []
    for image, (annotation, (ids, pred, probs)) in enumerate(
        zip(content['annotations'], pairs, strict=True)
    ):
        for info in annotation['segments_info']:
            label = label_of[info['category_id']]
            if label in things:
                fields = coded(ids == info['id'])
                fields['iscrowd'] = info['iscrowd']
                entry = dict(id=len(annotations) + 1, image_id=image, **fields)
                annotations.append(entry | dict(category_id=label))
        for value in np.unique(pred):
            label = int(value % 1000)
            if label in things:
                score = float(probs[label][pred == value].mean())
                entry = dict(image_id=image, category_id=label, score=score)
                code = coded(pred == value)['segmentation']  # a box would set its area
                detections.append(entry | dict(segmentation=code))
    truth = COCO()
    truth.dataset = dict(
        images=[dict(id=i, height=0, width=0) for i in range(len(pairs))],
        categories=[dict(id=label) for label in things],
        annotations=annotations,
    )
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(detections), 'segm')
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    found = evaluation.stats[:6]
    return dict(zip(AP_KEYS, np.where(found < 0, np.nan, 100 * found), strict=True))


def coded(mask):
    code = run_length.encode(np.asfortranarray(mask))
    box = run_length.toBbox(code).tolist()
    return dict(segmentation=code, area=int(run_length.area(code)), bbox=box)


@pytest.mark.parametrize(('name', 'count'), [('coco', 2), ('camvid', 12)])
def test_real_images_score_what_the_official_tools_compute(
    shared_data, tmp_path, record_property, name, count
):
    path = shared_data / JSONS[name]
    ours, content, pairs = scored(path, tmp_path, count, seed=0)

    quality = pq_compute(
        str(tmp_path / 'truth.json'),
        str(tmp_path / 'run.panoptic.json'),
        gt_folder=str(path.with_suffix('')),
    )
    theirs = pycocotools_ap(content, pairs) | {
        f'{key}{suffix}': 100 * quality[group][key.lower()]
        for key in ('PQ', 'SQ', 'RQ')
        for group, suffix in (('All', ''), ('Things', '_th'), ('Stuff', '_st'))
    }

    assert ours.keys() == theirs.keys()
    np.testing.assert_allclose(
        [ours[key] for key in theirs], [*theirs.values()], rtol=1e-12
    )
    assert 0 < ours['AP'] < 100
    assert 0 < ours['PQ'] < 100
    for tool, keys in (
        ('panopticapi', ours.keys() - {*AP_KEYS}),
        ('pycocotools', AP_KEYS),
    ):
        gap = np.nanmax([abs(ours[key] - theirs[key]) for key in keys])
        record_property(f'{name}, largest difference to {tool}', f'{gap:.1e} points')
