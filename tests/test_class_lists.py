"""Where two lists of classes differ."""

import pytest

from mmpisr.class_lists import class_difference


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
