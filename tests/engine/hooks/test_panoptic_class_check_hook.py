"""The class check: every kind of head against the data, before anything runs."""

import json
from types import SimpleNamespace

import pytest
from mmdet.models.roi_heads.bbox_heads import Shared2FCBBoxHead
from torch import nn

from mmpisr.class_lists import check_class_counts
from mmpisr.evaluation import PanopticMetric
from mmpisr.models.relations import ConcatRelation
from mmpisr.registry import HOOKS

METAINFO = dict(thing_classes=('a', 'b'), stuff_classes=('c', 'd', 'e'))


class Head(nn.Module):
    def __init__(self, num_things_classes=2, num_stuff_classes=3):
        super().__init__()
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes


def model_with(head):
    return nn.ModuleDict(dict(neck=nn.Identity(), panoptic_head=head))


@pytest.mark.parametrize(
    'head',
    [
        Head(),
        Shared2FCBBoxHead(in_channels=1, fc_out_channels=1, num_classes=2),
        ConcatRelation(4, num_classes=4, num_instances=2),  # things as one class
        nn.Linear(2, 2),
    ],
)
def test_matching_counts_pass(head):
    check_class_counts(model_with(head), METAINFO)


@pytest.mark.parametrize(
    ('head', 'message'),
    [
        (Head(80, 3), r'\(Head\): num_things_classes is 80, but the dataset has 2'),
        (Head(2, 53), r'\(Head\): num_stuff_classes is 53, but the dataset has 3'),
        (
            Shared2FCBBoxHead(in_channels=1, fc_out_channels=1, num_classes=80),
            'num_classes is 80, but the dataset has 2',
        ),
    ],
)
def test_a_wrong_count_names_module_field_and_both_values(head, message):
    with pytest.raises(ValueError, match=rf'^panoptic_head .*{message}'):
        check_class_counts(model_with(head), METAINFO)


@pytest.mark.parametrize('num', [0, 2])
def test_a_dataset_without_any_thing_is_refused_before_heads_fail(num):
    message = f'num_things_classes is {num}, but .* no thing classes at all .3 stuff'
    with pytest.raises(ValueError, match=rf'^panoptic_head \(Head\): {message}'):
        check_class_counts(model_with(Head(num)), dict(METAINFO, thing_classes=()))


def test_a_dataset_without_any_stuff_passes():
    check_class_counts(model_with(Head(2, 0)), dict(METAINFO, stuff_classes=()))


def test_a_dataset_without_panoptic_classes_is_not_compared():
    check_class_counts(model_with(Head(80, 53)), dict(classes=('a',)))


@pytest.mark.parametrize('stage', ['before_train', 'before_val', 'before_test'])
def test_the_hook_checks_before_each_stage(stage):
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo=METAINFO))
    runner = SimpleNamespace(
        model=model_with(Head(80, 3)),
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        test_loop=None,
        val_loop=None,
    )
    hook = HOOKS.build(dict(type='mmpisr.PanopticClassCheckHook'))

    with pytest.raises(ValueError, match='num_things_classes is 80'):
        getattr(hook, stage)(runner)


def test_training_checks_the_validation_data_too():
    train, val = (
        SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo))
        for metainfo in (METAINFO, dict(METAINFO, stuff_classes=('c',)))
    )
    runner = SimpleNamespace(
        model=model_with(Head()),
        train_dataloader=train,
        val_dataloader=val,
        val_loop=object(),
    )
    hook = HOOKS.build(dict(type='mmpisr.PanopticClassCheckHook'))

    with pytest.raises(ValueError, match='num_stuff_classes is 3, but .* has 1'):
        hook.before_train(runner)


def data(name, *classes, things=('a',)):
    stuff = tuple(c for c in classes if c not in things)
    metainfo = dict(classes=classes, thing_classes=things, stuff_classes=stuff)
    return SimpleNamespace(ann_file=name, metainfo=metainfo)


def wrapped(*datasets):
    """A RepeatDataset of a ConcatDataset, whose metainfo may be a list."""
    return SimpleNamespace(dataset=SimpleNamespace(datasets=[*datasets], metainfo=[]))


@pytest.mark.parametrize(
    ('val', 'message'),
    [
        (data('v', 'a', 'c', 'b'), r"class 1 is 'b' \(stuff\) in t, but 'c'.* in v"),
        (data('v', 'a', 'b'), r"class 2 is 'c' \(stuff\) in t, but missing in v"),
        (data('v', 'a', 'b', 'c', 'd'), r"class 3 is missing in t, but 'd'"),
        (data('v', 'a', 'b', 'c', things=('a', 'b')), r"but 'b' \(thing\) in v"),
        (wrapped(data('u', 'a', 'b', 'c'), data('v', 'a', 'c', 'b')), 'but .* in v'),
    ],
)
def test_training_and_validation_data_must_have_the_same_classes(val, message):
    runner = SimpleNamespace(
        model=model_with(Head(1, 2)),
        train_dataloader=SimpleNamespace(dataset=wrapped(data('t', 'a', 'b', 'c'))),
        val_dataloader=SimpleNamespace(dataset=val),
        val_loop=SimpleNamespace(evaluator=SimpleNamespace(metrics=[])),
    )
    hook = HOOKS.build(dict(type='mmpisr.PanopticClassCheckHook'))

    with pytest.raises(ValueError, match=rf'{message}.*sort_categories.py --like'):
        hook.before_train(runner)


def test_a_metric_with_the_json_of_other_classes_is_refused_before_the_test(tmp_path):
    categories = [dict(id=1, name='a', isthing=1), dict(id=2, name='c', isthing=0)]
    path = tmp_path / 'pan.json'
    annotation = dict(image_id=1, file_name='a.png', segments_info=[])
    content = dict(categories=categories, annotations=[annotation])
    path.write_text(json.dumps(content))
    metric = PanopticMetric(str(path))
    dataset = data('t', 'a', 'b')
    metric.dataset_meta = dataset.metainfo
    runner = SimpleNamespace(
        model=model_with(Head(1, 1)),
        test_dataloader=SimpleNamespace(dataset=dataset),
        test_loop=SimpleNamespace(evaluator=SimpleNamespace(metrics=[metric])),
    )
    hook = HOOKS.build(dict(type='mmpisr.PanopticClassCheckHook'))

    with pytest.raises(ValueError, match=r"pan\.json: categories\[1\] is 'c', but"):
        hook.before_test(runner)
