"""Contradicting data is refused with the file and both values."""

import json

import cv2
import numpy as np
import pytest
import torch

from mmpisr.evaluation import PanopticMetric

META = dict(classes=['cat', 'sky'], thing_classes=['cat'])


@pytest.fixture
def content(tmp_path):
    ids = np.zeros((4, 6), np.uint8)
    ids[:2] = 7
    ids[2:] = 9
    (tmp_path / 'pan').mkdir()
    cv2.imwrite(str(tmp_path / 'pan' / 'a.png'), np.stack([ids * 0, ids * 0, ids], -1))
    segments = [
        dict(id=7, category_id=1, area=12, iscrowd=0),
        dict(id=9, category_id=2, area=12, iscrowd=0),
    ]
    return dict(
        categories=[
            dict(id=1, name='cat', isthing=1),
            dict(id=2, name='sky', isthing=0),
        ],
        images=[dict(id=5, file_name='a.jpg', width=6, height=4)],
        annotations=[dict(image_id=5, file_name='a.png', segments_info=segments)],
    )


@pytest.fixture
def score(tmp_path, content):
    def call(pred=None, img_id=5, meta=META, **fields):
        path = tmp_path / 'pan.json'
        path.write_text(json.dumps(content))
        metric = PanopticMetric(str(path))
        metric.dataset_meta = meta
        pred = np.zeros((4, 6), int) + 1 if pred is None else pred
        panoptic = dict(sem_seg=torch.from_numpy(pred)[None])
        sample = dict(img_id=img_id, pred_panoptic_seg=panoptic, **fields)
        metric.process({}, [sample])
        return metric.evaluate(size=1)

    return call


def test_consistent_data_is_scored(score):
    assert score()['coco_panoptic/PQ_th'] == 0


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (lambda c: c['annotations'].append(c['annotations'][0]), r'image_id .*5: 2'),
        (
            lambda c: c['categories'].append(c['categories'][0]),
            r'categories\[\].id .*1: 2',
        ),
        (lambda c: c['categories'][0].pop('isthing'), r"categories\[0\] .*'isthing'"),
        (
            lambda c: c['annotations'][0]['segments_info'][1].update(id=7),
            r'image_id 5, id must be unique.*7: 2',
        ),
        (
            lambda c: c['annotations'][0]['segments_info'][1].pop('area'),
            r"segments_info of image_id 5 \[1\] lacks field 'area'",
        ),
        (
            lambda c: c['annotations'][0].pop('segments_info'),
            r"annotations\[0\] lacks field 'segments_info'",
        ),
    ],
)
def test_doubled_and_missing_entries_of_the_json(score, content, spoil, message):
    spoil(content)

    with pytest.raises(ValueError, match=rf'pan\.json: .*{message}'):
        score()


def test_a_prediction_of_another_size(score):
    with pytest.raises(ValueError, match=r'a\.png: .*\(4, 6\).*\(5, 6\)'):
        score(np.ones((5, 6), int))


def test_an_image_that_the_json_lacks(score):
    with pytest.raises(ValueError, match=r"pan\.json: 'annotations' .* 77, .*\[5\]"):
        score(img_id=77)


def test_a_png_that_is_missing(score, content):
    content['annotations'][0]['file_name'] = 'b.png'
    with pytest.raises(ValueError, match=r'b\.png: .* does not exist'):
        score()


def test_a_png_that_is_truncated(score, tmp_path):
    path = tmp_path / 'pan' / 'a.png'
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match=r'a\.png: .*truncated'):
        score()


def test_an_id_that_only_the_json_or_only_the_png_has(score, content):
    content['annotations'][0]['segments_info'][0]['id'] = 8
    with pytest.raises(ValueError, match=r'a\.png: .*\[7\].*\[8\]'):
        score()


def test_a_category_that_the_json_does_not_define(score, content):
    content['annotations'][0]['segments_info'][0]['category_id'] = 3
    with pytest.raises(ValueError, match=r'category_id 3.*\[1, 2\]'):
        score()


def test_a_class_that_the_json_does_not_define(score):
    message = r"pan\.json: .*\['dog'\] are not among categories\[\] \['cat', 'sky'\]"
    with pytest.raises(ValueError, match=message):
        score(meta=dict(classes=['cat', 'dog', 'sky'], thing_classes=['cat', 'dog']))


def test_a_json_without_categories(score, content):
    del content['categories']
    with pytest.raises(ValueError, match=r"pan\.json: no field 'categories'"):
        score()


def test_a_label_that_is_no_class(score):
    with pytest.raises(ValueError, match=r'labels \[5\].* 2 classes'):
        score(np.full((4, 6), 5))


def test_samples_without_truth_when_there_is_no_json():
    metric = PanopticMetric()
    metric.dataset_meta = META
    panoptic = dict(sem_seg=torch.ones(1, 4, 6, dtype=torch.int64))
    with pytest.raises(ValueError, match="image 5: .*'seg_map_path'"):
        metric.process({}, [dict(img_id=5, pred_panoptic_seg=panoptic)])


def test_format_only_without_a_place_to_write():
    with pytest.raises(ValueError, match='format_only=True needs outfile_prefix'):
        PanopticMetric(format_only=True)


def test_file_client_args_as_mmdet_refuses_them():
    with pytest.raises(RuntimeError, match='backend_args'):
        PanopticMetric(file_client_args=dict(backend='disk'))
