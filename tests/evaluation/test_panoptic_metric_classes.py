"""Chosen and merged classes: the truth is read as the dataset reads it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmpisr.datasets import PanopticDataset
from mmpisr.datasets.segment_png import encode_segment_ids
from mmpisr.datasets.transforms import LoadPanopticSegments
from mmpisr.datasets.transforms.formatting import panoptic_map
from mmpisr.evaluation import PanopticMetric

KINDS = dict(road=0, car=1, walk=0, truck=1, sky=0)
MERGED = dict(vehicle=['truck', 'car'], ground=['walk', 'road'])


def write(root, *, crowd=0):
    """Blocks of 4 x 4 pixels; id 10 c + n is the n-th segment of category c."""
    ids = np.kron([[10, 20, 21, 30], [40, 31, 50, 0]], np.ones((4, 4), int))
    segments = [
        dict(
            id=int(i),
            category_id=int(i) // 10,
            area=16,
            iscrowd=crowd if i == 21 else 0,
            bbox=[0, 0, 16, 8],
        )
        for i in np.unique(ids)[1:]
    ]
    content = dict(
        images=[dict(id=7, file_name='a.png', height=8, width=16)],
        annotations=[dict(image_id=7, file_name='a.png', segments_info=segments)],
        categories=[
            dict(id=n, name=name, isthing=flag)
            for n, (name, flag) in enumerate(KINDS.items(), 1)
        ],
    )
    (root / 'a.png').write_bytes(encode_segment_ids(ids))
    (root / 'pan.json').write_text(json.dumps(content))


@pytest.fixture
def load(tmp_path):
    def build(classes, **options):
        write(tmp_path, **options)
        prefix = dict(img=str(tmp_path), seg=str(tmp_path))
        path = str(tmp_path / 'pan.json')
        return PanopticDataset(path, data_prefix=prefix, classes=classes)

    return build


def perfect(dataset):
    """The truth of the only image as a prediction."""
    loaded = LoadPanopticSegments()(dataset[0])
    codes = panoptic_map(loaded['gt_seg_map'], loaded['segments'], dataset.num_classes)
    fields = 'seg_map_path', 'segments_info', 'merged_ids'
    sample = {name: loaded[name] for name in fields if name in loaded}
    panoptic = dict(sem_seg=torch.from_numpy(codes)[None])
    return dict(sample, img_id=7, img_path='a.png', pred_panoptic_seg=panoptic)


def metric_of(dataset, ann_file=None, **options):
    prefix = dataset.data_prefix['seg'] if ann_file else None
    metric = PanopticMetric(ann_file, seg_prefix=prefix, miou=True, **options)
    metric.dataset_meta = dataset.metainfo
    return metric


@pytest.mark.parametrize('from_json', [True, False])
@pytest.mark.parametrize('classes', [MERGED, ['sky', 'car'], dict(all=['road', 'sky'])])
def test_a_perfect_prediction_of_chosen_classes_scores_100(load, classes, from_json):
    dataset = load(classes)
    metric = metric_of(dataset, dataset.ann_file if from_json else None)

    metric.process({}, [perfect(dataset)])
    scores = metric.evaluate(size=1)

    assert scores['coco_panoptic/PQ'] == scores['coco_panoptic/mIoU'] == 100


def test_merged_truth_counts_things_apart_and_stuff_as_one_segment(load):
    dataset = load(MERGED)
    metric = metric_of(dataset, dataset.ann_file)
    _ = metric.table

    truth = metric._truth(dict(img_id=7))

    assert metric.table.names == ['vehicle', 'ground']
    areas = dict(zip(truth.segments.ids, truth.segments.areas, strict=True))
    assert areas == {20: 16, 21: 16, 40: 16, 10: 48}
    assert {*np.unique(truth.ids)} == {0, 10, 20, 21, 40}


def test_a_crowd_of_a_merged_thing_stays_ignored(load):
    dataset = load(MERGED, crowd=1)
    sample = perfect(dataset)
    sample['pred_panoptic_seg']['sem_seg'][:, :4, 8:12] = dataset.num_classes
    metric = metric_of(dataset, dataset.ann_file)

    metric.process({}, [sample])

    assert metric.evaluate(size=1)['coco_panoptic/PQ'] == 100


def test_results_have_the_id_of_the_first_member(load, tmp_path):
    dataset = load(MERGED)
    options = dict(format_only=True, outfile_prefix=str(tmp_path / 'out'))
    metric = metric_of(dataset, dataset.ann_file, **options)

    metric.process({}, [perfect(dataset)])
    metric.evaluate(size=1)

    written = json.loads((tmp_path / 'out.panoptic.json').read_text())
    (image,) = written['annotations']
    assert sorted(s['category_id'] for s in image['segments_info']) == [3, 4, 4, 4]


def test_a_sample_without_its_merged_ids_is_refused(load):
    dataset = load(MERGED)
    sample = perfect(dataset)
    del sample['merged_ids']

    with pytest.raises(ValueError, match="must have 'merged_ids'"):
        metric_of(dataset).process({}, [sample])


def changed(dataset, change):
    content = json.loads(Path(dataset.ann_file).read_text())
    change(content['categories'])
    path = Path(f'{dataset.ann_file}.other.json')
    path.write_text(json.dumps(content))
    return str(path)


def test_a_truth_in_another_order_is_scored_by_names(load):
    dataset = load([*KINDS])
    metric = metric_of(dataset, changed(dataset, lambda listed: listed.reverse()))

    metric.process({}, [perfect(dataset)])

    assert metric.evaluate(size=1)['coco_panoptic/PQ'] == 100


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.append(dict(id=9, name='x', isthing=0)), r"\[5\] is 'x', but the"),
        (
            lambda c: c[4].update(isthing=1),
            r"\[4\] 'sky' has isthing 1, in the dataset",
        ),
    ],
)
def test_a_truth_of_other_classes_names_file_position_and_class(load, change, message):
    dataset = load([*KINDS])
    meta = dict(dataset.metainfo)
    del meta['class_members']
    metric = PanopticMetric(changed(dataset, change))
    metric.dataset_meta = meta

    with pytest.raises(ValueError, match=rf'other\.json: categories.*{message}'):
        _ = metric.table
