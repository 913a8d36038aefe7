import pytest

from mmpisr.output_names import distinct_names


@pytest.mark.parametrize(
    ('images', 'names'),
    [
        ([], []),
        (['a/f0.jpg', 'b/f1.jpg'], ['f0', 'f1']),
        (['/d/cam1/f0.jpg', '/d/cam 2/f0.jpg'], ['cam1/f0', 'cam 2/f0']),
        (['/d/f0.jpg', '/d/ünï/f0.jpg'], ['f0', 'ünï/f0']),
        (['d/f0.jpg', 'd/f0.png', 'd/f0.jpg.tif'], ['f0.jpg', 'f0.png', 'f0.jpg.tif']),
        (['../x/f0.jpg', 'x/f1.jpg', '../f1.jpg'], None),
        (['zip:///a.zip/u/f0.jpg', 'zip:///a.zip/v/f0.jpg'], ['u/f0', 'v/f0']),
    ],
)
def test_names_are_as_short_as_keeps_all_images_apart(images, names):
    found = distinct_names(images)

    assert names is None or [*found.values()] == names
    assert len({*found.values()}) == len(images)
    assert all(not name.startswith(('/', '..')) for name in found.values())


def test_a_drawn_copy_keeps_the_suffix_and_folders_only_where_needed():
    apart, equal = ['d/a/f0.jpg', 'd/b/f0.png'], ['d/a/f0.jpg', 'd/b/f0.jpg']

    assert [*distinct_names(apart, keep_suffix=True).values()] == ['f0.jpg', 'f0.png']
    assert [*distinct_names(equal, keep_suffix=True).values()] == [
        'a/f0.jpg',
        'b/f0.jpg',
    ]


def test_an_image_that_is_there_twice_has_one_name():
    assert distinct_names(['a/f0.jpg', './a/f0.jpg', 'b/f0.jpg']) == {
        'a/f0.jpg': 'a/f0',
        './a/f0.jpg': 'a/f0',
        'b/f0.jpg': 'b/f0',
    }
