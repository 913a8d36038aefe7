"""A submission read by panopticapi, on the real COCO sample."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mmpisr.datasets.segment_png import decode_segment_ids, encode_segment_ids
from mmpisr.evaluation import PanopticMetric
from mmpisr.submissions import SubmissionWriter
from mmpisr.submissions.image_list import ImageList, ListedImage
from mmpisr.submissions.workspace import Workspace

pytest.importorskip('panopticapi')


@pytest.fixture
def truth(shared_data, tmp_path):
    """The sample's json, with the fields of a whole one, and where its pngs are."""
    sample = shared_data / 'coco_panoptic_sample'
    content = json.loads((sample / 'panoptic_examples.json').read_text())
    names = json.loads((sample / 'panoptic_coco_categories.json').read_text())
    content['categories'] = names
    path = tmp_path / 'panoptic_val2017.json'
    path.write_text(json.dumps(content))
    return path, sample / 'panoptic_examples'


def read_samples(truth, *, shift: int) -> list[dict]:
    """The truth as predictions, moved to the right."""
    path, folder = truth
    content = json.loads(path.read_text())
    label_of = {c['id']: i for i, c in enumerate(content['categories'])}
    things = {c['id'] for c in content['categories'] if c['isthing']}
    samples = []
    for annotation in content['annotations']:
        ids = decode_segment_ids((folder / annotation['file_name']).read_bytes())
        panoptic = np.full(ids.shape, len(label_of))
        for number, segment in enumerate(annotation['segments_info'], start=1):
            is_thing = segment['category_id'] in things
            value = label_of[segment['category_id']] + 1000 * number * is_thing
            panoptic[ids == segment['id']] = value
        sem_seg = torch.from_numpy(np.roll(panoptic, shift, axis=1))[None]
        img_id = annotation['image_id']
        samples.append(dict(img_id=img_id, pred_panoptic_seg=dict(sem_seg=sem_seg)))
    return samples


def score(truth, samples, folder):
    """PQ of a submission by panopticapi, and of the samples by our metric."""
    from panopticapi.evaluation import pq_compute

    path, pngs = truth
    content = json.loads(path.read_text())
    images = [
        ListedImage(
            i['id'], i['file_name'], i['height'], i['width'], Path(i['file_name']).stem
        )
        for i in content['images']
    ]
    listed = ImageList(images, content['categories'], 'val2017', 'coco-test-dev')
    meta = dict(classes=tuple(c['name'] for c in content['categories']))
    name = 'panoptic_val2017_pisr_results'
    Workspace(folder / f'{name}.zip').open({}, listed)
    writer = SubmissionWriter(str(folder / f'{name}.zip'), format='coco-test-dev')
    metric = PanopticMetric(str(path), seg_prefix=str(pngs), prefix='p')
    writer.dataset_meta = metric.dataset_meta = meta
    for part in writer, metric:
        part.process({}, samples)
    writer.evaluate(0)
    with zipfile.ZipFile(folder / f'{name}.zip') as archive:
        archive.extractall(folder)
    theirs = pq_compute(
        str(path), str(folder / f'{name}.json'), str(pngs), str(folder / name)
    )
    return 100 * theirs['All']['pq'], metric.evaluate(len(samples))['p/PQ']


def test_the_truth_scores_100(truth, tmp_path):
    theirs, _ = score(truth, read_samples(truth, shift=0), tmp_path)

    assert theirs == pytest.approx(100)


def test_a_moved_prediction_scores_as_in_our_metric(truth, tmp_path):
    theirs, ours = score(truth, read_samples(truth, shift=9), tmp_path)

    assert 20 < theirs < 90
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_a_submission_takes_no_more_bytes_than_cocos_own_pngs(truth):
    _, folder = truth
    pngs = [path.read_bytes() for path in sorted(folder.glob('*.png'))]

    ours = [encode_segment_ids(decode_segment_ids(png), compact=True) for png in pngs]

    assert sum(map(len, ours)) < sum(map(len, pngs))
    for png, own in zip(pngs, ours, strict=True):
        np.testing.assert_array_equal(decode_segment_ids(own), decode_segment_ids(png))
