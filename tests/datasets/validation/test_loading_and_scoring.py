"""The same failures where training and evaluation meet them, and one kind only."""

import math

import pytest
from mmengine.registry import init_default_scope

from mmpisr.datasets import PanopticDataset
from mmpisr.evaluation import PanopticMetric

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmpisr.PanopticDeepLabTargets', sigma=4),
    dict(type='mmpisr.InstancesFromSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]


@pytest.fixture
def load(scenes):
    """The training split with a pipeline that makes all targets."""
    init_default_scope('mmdet')

    def call():
        prefix = dict(img=str(scenes.image.parent), seg=str(scenes.png.parent))
        return PanopticDataset(
            str(scenes.json_path), data_prefix=prefix, pipeline=PIPELINE
        )

    return call


@pytest.fixture
def score(scenes, load):
    """Score a prediction that equals the truth of the first images."""

    def call(num=2):
        dataset = load()
        metric = PanopticMetric(str(scenes.json_path))
        metric.dataset_meta = dataset.metainfo
        for i in range(num):
            sample = dataset[i]['data_samples']
            truth = sample.gt_panoptic_seg.sem_seg
            metric.process(
                {}, [dict(img_id=i + 1, pred_panoptic_seg=dict(sem_seg=truth))]
            )
        values = metric.evaluate(size=num)
        return {key.split('/')[1]: value for key, value in values.items()}

    return call


def make_all(isthing):
    def change(content):
        for category in content['categories']:
            category['isthing'] = isthing
        for annotation in content['annotations']:
            for segment in annotation['segments_info']:
                segment['iscrowd'] = 0

    return change


def test_truth_scores_100(score):
    values = score()

    assert (values['PQ_th'], values['PQ_st']) == (100, 100)


def test_no_things_at_all_load_without_instances_and_centers(scenes, load):
    scenes.spoil(make_all(0))

    dataset = load()
    sample = dataset[0]['data_samples']
    assert dataset.metainfo['thing_classes'] == ()
    assert dataset.num_things_classes == 0
    assert len(sample.gt_instances) == 0
    assert not sample.gt_panoptic_deeplab.center.any()


def test_no_things_at_all_score_nan_for_things(scenes, score):
    scenes.spoil(make_all(0))

    values = score()  # below 100: what were two things are one region of stuff now

    assert math.isnan(values['PQ_th'])
    assert 90 < values['PQ'] == values['PQ_st']


def test_no_stuff_at_all_scores_nan_for_stuff(scenes, load, score):
    scenes.spoil(make_all(1))

    values = score()
    segments = scenes.content()['annotations'][0]['segments_info']
    sample = load()[0]['data_samples']

    assert len(sample.gt_instances) == len(segments)
    assert math.isnan(values['PQ_st'])
    assert values['PQ'] == values['PQ_th'] == 100


def test_a_category_without_any_segment_changes_no_score(scenes, score):
    before = score()
    scenes.spoil(
        lambda content: content['categories'].append(
            dict(id=99, name='unicorn', isthing=0)
        )
    )

    assert score() == before


def test_categories_out_of_order_are_refused_by_the_dataset(scenes, load):
    scenes.spoil(lambda content: content['categories'].reverse())

    with pytest.raises(ValueError, match=r'panoptic_train\.json: .*things first, but'):
        load()


def test_a_json_cut_in_half_is_refused_by_the_metric(scenes):
    text = scenes.json_path.read_text()
    scenes.json_path.write_text(text[: len(text) // 2])

    with pytest.raises(ValueError, match=r'panoptic_train\.json: not a complete json'):
        PanopticMetric(str(scenes.json_path))


def test_a_json_that_is_missing_is_refused_by_the_metric(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'.*none\.json' does not exist"):
        PanopticMetric(str(tmp_path / 'none.json'))


def test_a_png_of_another_size_is_refused_when_loaded(scenes, load):
    scenes.spoil(lambda content: content['images'][0].update(height=65))

    message = r'000000\.png: .*image is \(64, 96\), .*json \(65, 96\)'
    with pytest.raises(ValueError, match=message):
        load()[0]
