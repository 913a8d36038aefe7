"""Accuracy on classes that only a relation tells apart."""

import numpy as np
import pytest
import torch

from mmpisr.datasets import PanopticScenes
from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.category_table import CategoryTable
from mmpisr.evaluation.ground_truth import ImageTruth, Segments
from mmpisr.evaluation.measures.relation_accuracy import RelationAccuracy
from mmpisr.evaluation.resampling import Interval, compare_pairs, interval_table
from mmpisr.evaluation.score_table import compare_tables, load_score_table
from mmpisr.evaluation.scored_image import ScoredImage

BOAT, BUOY, BALL, LAMP, CARPET, SAND, VOID = range(7)
CLASSES = ('boat', 'buoy', 'ball', 'lamp', 'carpet', 'sand')
RELATIONS = [
    dict(decider='boat', present='buoy', absent='ball'),
    dict(decider='lamp', present='carpet', absent='sand'),
]
META = dict(
    classes=CLASSES,
    thing_classes=('boat', 'buoy', 'ball', 'lamp'),
    relations=RELATIONS,
)
TABLE = CategoryTable(META)


@pytest.fixture
def measure():
    return RelationAccuracy(TABLE, RELATIONS)


def image_of(truth, pred):
    """Each class of the truth is one segment whose id is ten times the label plus 1."""
    truth, pred = np.array(truth), np.array(pred)
    ids = np.where(truth == VOID, 0, 10 * truth + 1)
    labels = np.unique(truth[truth != VOID])
    segments = Segments.of(
        ids=10 * labels + 1,
        categories=labels,
        areas=[(truth == label).sum() for label in labels],
        is_crowd=[False] * len(labels),
    )
    sample = dict(img_id=1, pred_panoptic_seg=_maps(pred))
    return ScoredImage(sample, ImageTruth('x.png', ids, segments), TABLE)


def _maps(labels):
    return dict(sem_seg=torch.from_numpy(labels)[None])


def test_each_class_counts_half_whatever_its_pixels(measure):
    image = image_of(
        [[BUOY] * 4 + [BALL] * 2, [SAND] * 3 + [CARPET] * 3],
        [[BUOY] * 3 + [BALL] * 2 + [BUOY], [SAND] * 3 + [CARPET] * 3],
    )

    counts = measure.of_image(image)

    assert counts.tolist() == [[3, 1, 1, 1], [3, 0, 0, 3]]
    assert measure.summarise([counts]) == pytest.approx(
        dict(relation_acc=81.25, relation_acc_boat=62.5, relation_acc_lamp=100)
    )


def test_pixels_of_other_predictions_and_of_void_are_left_out(measure):
    image = image_of(
        [[BUOY, BUOY, BUOY, BALL, VOID, BOAT]],
        [[BUOY, LAMP, VOID, BALL, BALL, BUOY]],
    )
    assert measure.of_image(image)[0].tolist() == [1, 0, 0, 1]


def test_always_answering_one_of_the_two_gives_50(measure):
    image = image_of([[BUOY] * 5 + [BALL]], [[BUOY] * 6])
    found = measure.summarise([measure.of_image(image)])
    assert found['relation_acc_boat'] == 50


def test_a_relation_without_pixels_of_one_class_is_nan_and_not_in_the_mean(measure):
    images = [
        image_of([[BUOY, BALL, SAND]], [[BUOY, BALL, SAND]]),
        image_of([[CARPET, CARPET]], [[BOAT, BOAT]]),
    ]
    found = measure.summarise([measure.of_image(image) for image in images])
    assert np.isnan(found['relation_acc_lamp'])
    assert found['relation_acc'] == found['relation_acc_boat'] == 100


def test_sums_of_images_are_sums_of_their_counts(measure):
    first = image_of([[BUOY, BALL]], [[BUOY, BUOY]])
    second = image_of([[BUOY, BALL]], [[BUOY, BALL]])
    found = measure.summarise([measure.of_image(first), measure.of_image(second)])
    assert found['relation_acc_boat'] == 75


def test_a_semantic_prediction_goes_before_the_panoptic_one(measure):
    image = image_of([[BUOY, BALL]], [[BUOY, BUOY]])
    image.sample['pred_sem_seg'] = _maps(np.array([[BUOY, BALL]]))
    assert measure.of_image(image)[0].tolist() == [1, 0, 0, 1]


def test_no_images_and_no_relations_give_nan(measure):
    assert all(np.isnan(value) for value in measure.summarise([]).values())
    empty = RelationAccuracy(TABLE, [])
    assert empty.of_image(image_of([[BUOY]], [[BUOY]])).shape == (0, 4)
    assert np.isnan(empty.summarise([])['relation_acc'])


def test_many_sums_at_once_give_the_values_of_each(measure):
    totals = np.random.default_rng(0).integers(0, 3, (4, 5, 2, 4)).astype(float)
    together = measure.values(totals)
    for place in np.ndindex(4, 5):
        for key, value in measure.values(totals[place]).items():
            np.testing.assert_array_equal(together[key][place], value)


def test_a_model_that_has_learned_a_relation_is_found_better(measure):
    right, wrong = (
        np.array([measure.of_image(image_of([[BUOY, BALL]], [pred]))] * 8)
        for pred in ([BUOY, BALL], [BUOY, BUOY])
    )
    found = compare_pairs(measure, right, wrong)['relation_acc_boat']
    assert (found.first, found.second, found.difference) == (100, 50, 50)
    assert found.p_value < 0.05


@pytest.mark.parametrize(
    ('relation', 'message'),
    [
        (
            dict(decider='boat'),
            r"relations\[0\] lacks \['present', 'absent'\]",
        ),
        (
            dict(decider='boat', present='buoy', absent='kite'),
            r"relations\[0\] names \['kite'\], which are not among \['boat', 'buoy'",
        ),
    ],
)
def test_a_relation_that_fits_no_class_is_refused(relation, message):
    with pytest.raises(ValueError, match=message):
        RelationAccuracy(TABLE, [relation])


def test_two_relations_of_one_decider_are_refused():
    with pytest.raises(ValueError, match=r"relations\[1\].*decider.*\['boat'\]"):
        RelationAccuracy(TABLE, [RELATIONS[0], RELATIONS[0]])


def metric_of(meta=META, **options):
    metric = PanopticMetric(prefix='x', **options)
    metric.dataset_meta = meta
    return metric


@pytest.mark.parametrize('asked', [True, 'auto'])
def test_the_metric_measures_relations_of_the_dataset(asked):
    metric = metric_of(relation_accuracy=asked)
    assert 'relation' in [measure.name for measure in metric.measures]


@pytest.mark.parametrize('asked', [False, 'auto'])
def test_a_dataset_without_relations_has_none_measured(asked):
    meta = dict(classes=CLASSES, thing_classes=())
    metric = metric_of(meta, relation_accuracy=asked)
    assert [measure.name for measure in metric.measures] == ['pq']


def test_asking_for_relations_where_there_are_none_is_refused():
    meta = dict(classes=CLASSES, thing_classes=())
    with pytest.raises(ValueError, match=r"=True.*lacks 'relations'.*'auto'"):
        _ = metric_of(meta, relation_accuracy=True).measures


def test_an_unknown_wish_is_refused():
    with pytest.raises(ValueError, match=r"relation_accuracy='yes'.*'auto'"):
        PanopticMetric(relation_accuracy='yes')


def test_the_scenes_have_three_relations():
    metric = metric_of(PanopticScenes.METAINFO, relation_accuracy=True)
    assert metric.measures[-1].keys == [
        'relation_acc_boat',
        'relation_acc_snow',
        'relation_acc_lamp',
    ]


def test_scores_on_disk_give_the_same_relations_again(tmp_path):
    metric = metric_of(relation_accuracy=True)
    image = image_of([[BUOY, BALL]], [[BUOY, BALL]])
    records = {measure.name: measure.of_image(image) for measure in metric.measures}
    metric.score_table([dict(img_id=1, **records)]).save(tmp_path / 'a.npz')

    table = load_score_table(tmp_path / 'a.npz')

    measure = table.measures()['relation']
    found = measure.values(table.records['relation'].sum(axis=0))
    assert found['relation_acc_boat'] == 100
    differences = compare_tables(table, table, names=('a.npz', 'a.npz'))
    assert differences['relation_acc'].difference == 0


def test_scores_of_other_relations_are_refused():
    empty = metric_of(relation_accuracy=True).score_table([])
    other = empty._replace(relations=RELATIONS[::-1])
    with pytest.raises(ValueError, match=r"'relations', which relation_acc needs"):
        compare_tables(empty, other, names=('a.npz', 'b.npz'))


def test_long_keys_stay_in_their_column():
    key = 'relation_acc_boat'
    lines = interval_table({key: 50.0}, {key: Interval(40.0, 61.25)}).splitlines()
    assert lines[0].index('value') + 5 == lines[1].index('50.000') + 6
