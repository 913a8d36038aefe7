"""The table of classes: the official one, in both numberings."""

import pytest

from mmpisr.datasets.cityscapes_labels import (
    IGNORED,
    METAINFO,
    TABLE,
    has_train_ids,
    official_categories,
    things_first,
)


def test_the_table_is_that_of_cityscapesscripts():
    labels = pytest.importorskip('cityscapesscripts.helpers.labels').labels

    ignored = {label.id for label in labels if label.ignoreInEval}
    evaluated = [label for label in labels if not label.ignoreInEval]
    assert ignored == IGNORED
    assert [(c.name, c.label_id, c.train_id) for c in TABLE] == [
        (label.name, label.id, label.trainId) for label in evaluated
    ]
    assert [(c.supercategory, c.color, c.is_thing) for c in TABLE] == [
        (label.category, label.color, label.hasInstances) for label in evaluated
    ]


def test_instance_areas_are_those_of_cityscapesscripts():
    module = 'cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling'
    areas = pytest.importorskip(module).args.avgClassSize

    ours = METAINFO['instance_areas']
    assert ours == {name: areas[name] for name in METAINFO['thing_classes']}


def test_labels_are_eight_things_then_eleven_stuff_classes():
    assert METAINFO['thing_classes'] == (
        *('person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'),
    )
    assert METAINFO['label_ids'][:8] == (24, 25, 26, 27, 28, 31, 32, 33)
    assert METAINFO['label_ids'][8:] == (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23)
    assert len(METAINFO['stuff_classes']) == 11


@pytest.mark.parametrize('train_ids', [False, True])
def test_both_numberings_are_told_apart_in_any_order(train_ids):
    categories = official_categories(train_ids=train_ids)

    assert has_train_ids('a.json', categories) is train_ids
    assert has_train_ids('a.json', categories[::-1]) is train_ids
    names = [category['name'] for category in things_first(categories[::-1])]
    assert tuple(names) == METAINFO['classes']


def test_both_numberings_name_the_same_classes():
    label_ids, train_ids = (official_categories(train_ids=t) for t in (False, True))

    pairs = {a['id']: b['id'] for a, b in zip(label_ids, train_ids, strict=True)}
    assert pairs[24] == 11  # person
    assert sorted(pairs.values()) == list(range(19))
    for ours, theirs in zip(label_ids, train_ids, strict=True):
        assert {**ours, 'id': 0} == {**theirs, 'id': 0}


def change(position, **fields):
    return lambda categories: categories[position].update(fields)


@pytest.mark.parametrize(
    ('train_ids', 'spoil', 'message'),
    [
        (False, change(11, id=11), "'person' has id 11, .* expected id 24"),
        (True, change(11, id=24), "Most have train ids.*'person' has id 24.* id 11"),
        (False, change(0, name='street'), r"'street' \(id 7\) is unknown or doubled"),
        (False, change(1, name='road', id=7), r"'sidewalk' \(id 8\) is missing"),
        (False, change(0, isthing=1), "'road' has id 7, isthing 1, .* isthing 0"),
        (True, lambda c: c.pop(), r"'bicycle' \(id 18\) is missing"),
        (False, change(3, id=None), "'wall' has id None"),
    ],
)
def test_other_categories_are_refused_naming_class_and_ids(train_ids, spoil, message):
    categories = official_categories(train_ids=train_ids)
    spoil(categories)

    with pytest.raises(ValueError, match=rf'a\.json: categories\[\] .*{message}'):
        has_train_ids('a.json', categories)
