"""What is found in folders as people have them, and what is left out with a count."""

from unicodedata import normalize

import pytest
from converters.label_folders import (
    Suffixes,
    find_labels,
    split_folders,
)

from mmpisr.datasets.image_folder import list_images

ANY = Suffixes()
NFC, NFD = (normalize(form, 'Jülich') for form in ('NFC', 'NFD'))


@pytest.fixture
def make(tmp_path):
    """Make empty files below the temporary folder."""

    def run(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return run


def found(root, images='images', labels='labels', suffixes=ANY, **options):
    options = dict(skip_unlabelled=False) | options
    folders = [root / images, root / labels]
    pairs = find_labels(folders, suffixes, root / 'images/out', **options)
    return [
        (
            image.name.as_posix(),
            image.stem,
            image.labels[0].relative_to(root / labels).as_posix(),
        )
        for image in pairs
    ]


def test_suffixes_of_any_kind_and_case_are_images(make):
    names = ['a.JPG', 'b.tif', 'c.WebP', 'd.PNG', 'e.jpeg', 'f.TIFF', 'g.bmp']
    root = make(*(f'images/{name}' for name in names))

    assert [path.name for path in list_images(root / 'images')] == names


def test_suffixes_of_images_and_labels_may_differ_in_case(make):
    root = make('images/a_RGB.JPG', 'labels/a_ID.PNG')

    pairs = found(root, suffixes=Suffixes('_rgb.jpg', '_id.png'))

    assert pairs == [('a_RGB.JPG', 'a', 'a_ID.PNG')]


def test_linked_files_and_folders_are_followed_and_loops_counted(make, capsys):
    root = make('pool/x/b.png', 'pool/a.png', 'images/y/c.png')
    (root / 'images/pool').symlink_to(root / 'pool')
    (root / 'images/d.png').symlink_to(root / 'pool/a.png')
    (root / 'images/y/up').symlink_to(root / 'images')
    (root / 'pool/x/self').symlink_to('self')

    names = [path.as_posix() for path in list_images(root / 'images')]

    assert names == ['d.png', 'pool/a.png', 'pool/x/b.png', 'y/c.png']
    shown = capsys.readouterr().out
    assert f'1 left out of {root}/images, a link to a folder above it, e.g. ' in shown
    assert 'y/up\n' in shown


def test_an_image_that_links_to_nothing_is_named(make):
    root = make('images/a.png')
    (root / 'images/b.png').symlink_to('moved.png')

    with pytest.raises(
        FileNotFoundError, match=r'b\.png: links to nothing, moved\.png'
    ):
        list_images(root / 'images')


def test_what_is_left_out_is_counted_with_an_example(make, capsys):
    root = make('a.png', '._a.png', '.cache/b.png', 'Thumbs.db', 'b.heic', 'c.txt')

    list_images(root)

    shown = capsys.readouterr().out
    assert f'2 left out of {root}, hidden, e.g. {root}/._a.png' in shown
    assert f'3 left out of {root}, of another suffix, e.g. {root}/Thumbs.db' in shown


def test_labels_and_output_inside_the_images_are_no_images(make):
    root = make(
        'images/a.png', 'images/labels/a.png', 'images/out/panoptic_train/a.png'
    )

    assert found(root, labels='images/labels') == [('a.png', 'a', 'a.png')]


@pytest.mark.parametrize(
    ('names', 'suffixes'),
    [
        (('a.jpg', 'a.png'), Suffixes()),
        (('a.jpg', 'a_mask.png'), Suffixes(labels='_mask.png')),
        (('a.png', 'a_mask.png'), Suffixes('.png', '_mask.png')),
        (('a_rgb.png', 'a.png'), Suffixes('_rgb.png')),
    ],
)
def test_images_and_labels_may_share_a_folder(make, names, suffixes):
    root = make(*(f'images/{name}' for name in names))

    pairs = found(root, labels='images', suffixes=suffixes)

    assert pairs == [(names[0], 'a', names[1])]


def test_equal_names_in_subfolders_keep_apart(make):
    root = make(
        *(f'{kind}/{name}.png' for kind in ('images', 'labels') for name in (
            'cam 1/a', 'cam/a', 'cam_a', NFC + '/a'
        ))
    )  # fmt: skip

    stems = [stem for _, stem, _ in found(root)]

    assert sorted(stems) == sorted(['cam 1/a', 'cam/a', 'cam_a', f'{NFC}/a'])


def test_composed_and_decomposed_accents_match(make):
    root = make(f'images/{NFC}/{NFD}.jpg', f'labels/{NFD}/{NFC}.png')

    assert found(root) == [(f'{NFC}/{NFD}.jpg', f'{NFC}/{NFC}', f'{NFD}/{NFC}.png')]


@pytest.mark.parametrize(
    ('one', 'two'),
    [(f'{NFC}.jpg', f'{NFD}.jpg'), ('a.jpg', 'a.png'), ('a.jpg', 'a.JPG')],
)
def test_two_images_that_would_share_a_png_are_refused(make, one, two):
    root = make(f'images/{one}', f'images/{two}', 'labels/a.png')

    with pytest.raises(ValueError, match=r"images: '.*' and '.*' have one name up to"):
        found(root)


def test_an_image_without_label_is_refused_or_skipped_with_a_count(make, capsys):
    root = make('images/a.jpg', 'images/b.jpg', 'labels/a.png', 'labels/c.png')

    message = r"labels/b\.png' is missing \(1 of 2 are\).*--skip-unlabelled"
    with pytest.raises(FileNotFoundError, match=message):
        found(root)
    assert found(root, skip_unlabelled=True) == [('a.jpg', 'a', 'a.png')]
    shown = capsys.readouterr().out
    assert 'images lack a file, so they are skipped, e.g. b' in shown
    assert 'labels have no image, e.g. c' in shown


def test_a_folder_without_any_label_is_refused_in_any_case(make):
    root = make('images/a.jpg', 'labels/b.png')

    with pytest.raises(FileNotFoundError, match=r"labels/a\.png' is missing"):
        found(root, skip_unlabelled=True)


@pytest.mark.parametrize(
    ('names', 'split', 'read'),
    [
        (['train/a.jpg', 'val/b.jpg'], 'train', 'images/train'),
        (['train/a.jpg', 'out/b.jpg'], 'train', 'images/train'),
        (['train/a.jpg', 'val/b.jpg'], 'all', 'images'),
        (['night/a.jpg', 'day/b.jpg'], 'train', 'images'),
        (['night/a.jpg', 'day/b.jpg'], 'other', 'images'),
        (['a.jpg'], 'val', 'images'),
    ],
)
def test_the_folder_of_a_split_is_read_where_all_are_splits(make, names, split, read):
    root = make(*(f'images/{name}' for name in names))

    folders = split_folders([root / 'images', root / 'l'], split, root / 'images/out')

    assert folders[0] == root / read
    assert folders[1] == root / read.replace('images', 'l')


@pytest.mark.parametrize(
    ('names', 'split'),
    [
        (['train/a.jpg', 'car/b.jpg'], 'train'),
        (['train/a.jpg', 'b.jpg'], 'train'),
        (['train/a.jpg', 'valid/b.jpg'], 'val'),
    ],
)
def test_where_a_split_has_two_readings_it_is_refused(make, names, split):
    root = make(*(f'images/{name}' for name in names))

    with pytest.raises(
        ValueError, match=rf"split is '{split}'; give .*images/train as"
    ):
        split_folders([root / 'images'], split, root / 'out')
