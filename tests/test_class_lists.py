"""Compare two lists of classes, and the class counts of a model's parts."""

import pytest
from torch import nn

from mmpisr.class_lists import (
    check_class_counts,
    check_equal_counts,
    class_difference,
)


def meta(*names, things=()):
    return dict(classes=names, thing_classes=things)


@pytest.mark.parametrize(
    ('first', 'second', 'message'),
    [
        (meta('a', 'b'), meta('b', 'a'), "class 0 is 'a' (stuff) in x, but 'b' (st"),
        (meta('a', 'b'), meta('a'), "class 1 is 'b' (stuff) in x, but missing in y (2"),
        (meta('a'), meta('a', things=['a']), "'a' (stuff) in x, but 'a' (thing) in y"),
        (
            meta('a'),
            dict(classes=['b']),
            "class 0 is 'a' in x, but 'b' in y (1 against",
        ),
    ],
)
def test_a_difference_names_files_position_and_both_classes(first, second, message):
    assert message in class_difference('x', first, 'y', second)


def test_equal_and_unknown_classes_do_not_differ():
    assert class_difference('x', meta('a'), 'y', dict(classes=['a'])) is None
    assert class_difference('x', {}, 'y', meta('a')) is None


def head(things, stuff):
    module = nn.Identity()
    module.num_things_classes, module.num_stuff_classes = things, stuff
    return module


def test_counts_of_two_parts_that_differ_are_named_with_their_values():
    model = nn.ModuleDict(dict(head=head(2, 3), fusion=head(2, 4)))

    with pytest.raises(
        ValueError,
        match=r'model\.head\.num_stuff_classes is 3, but '
        r'model\.fusion\.num_stuff_classes is 4',
    ):
        check_equal_counts(model)


def test_a_model_without_stuff_is_not_panoptic():
    with pytest.raises(ValueError, match=r'head\.num_stuff_classes is 0: .* panoptic'):
        check_equal_counts(nn.ModuleDict(dict(head=head(2, 0))))


def test_equal_counts_and_models_without_counts_pass():
    check_equal_counts(nn.ModuleDict(dict(head=head(2, 3), fusion=head(2, 3))))
    check_equal_counts(nn.Identity())


def test_classes_that_are_neither_things_nor_stuff_are_refused():
    metainfo = dict(
        classes=('one', 'two'), thing_classes=('a', 'b'), stuff_classes=('c',)
    )

    with pytest.raises(ValueError, match='2 classes, but 2 thing_classes and 1 stuff'):
        check_class_counts(nn.Identity(), metainfo)
