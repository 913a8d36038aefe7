import cv2
import numpy as np
import pytest

from mmpisr.apis.image_source import open_source

PIXELS = np.zeros((8, 12, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Images of several kinds in subfolders, and files that are none."""
    names = 'a.jpg', 'sub/a.JPG', 'sub/b.png', 'sub/b.TIF', 'out/old.jpg', 'notes.txt'
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name.lower()), PIXELS) if name[-3:] != 'txt' else 0
        (tmp_path / name.lower()).rename(tmp_path / name) if name[-3:] != 'txt' else 0
    (tmp_path / 'notes.txt').touch()
    return tmp_path


def names(source):
    return sorted(item.name for item in source.images)


def test_images_of_a_folder_keep_their_subfolders_and_never_share_a_name(folder):
    source = open_source(folder, exclude=[folder / 'out'])

    assert names(source) == ['a.jpg', 'sub/a.JPG', 'sub/b.TIF', 'sub/b.png']
    (folder / 'sub/b.TIF').unlink()
    assert names(open_source(folder / 'sub')) == ['a', 'b']
    assert names(open_source(folder, exclude=[folder / 'out'])) == [
        'a',
        'sub/a',
        'sub/b',
    ]


def test_a_glob_finds_images_in_subfolders(folder):
    assert names(open_source(f'{folder}/**/[ab].*')) == names(
        open_source(folder, exclude=[folder / 'out'])
    )


def test_a_list_mixes_paths_arrays_and_folders_in_its_order(folder):
    first = str(folder / 'a.jpg')
    source = open_source([PIXELS, first, first, folder / 'sub', PIXELS])

    found = [*source.images]
    assert source.total == 6 == len({item.name for item in found})
    assert found[0].image is PIXELS is found[-1].image
    assert found[1].image == first


def test_a_file_that_has_wildcards_in_its_name_is_a_file(folder):
    (folder / 'a.jpg').rename(folder / '[a]*.jpg')

    assert names(open_source(str(folder / '[a]*.jpg'))) == ['[a]*']


@pytest.mark.parametrize(
    ('name', 'message'),
    [('b.jpg', 'does not exist'), ('*.webp', 'no image'), ('v.mp4', 'does not exist')],
)
def test_an_input_without_images_is_an_error_that_names_it(folder, name, message):
    with pytest.raises(FileNotFoundError, match=f'{name[1:]} .*{message}|{message}'):
        open_source(str(folder / name))


def test_frames_of_a_video_are_read_one_after_another(tmp_path):
    path = str(tmp_path / 'drive.avi')
    video = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'MJPG'), 5, (12, 8))
    for grey in (0, 200):
        video.write(PIXELS + np.uint8(grey))
    video.release()

    source = open_source(path)
    first, second = source.images

    assert source.total == 2
    assert (first.name, second.name) == ('drive/000000', 'drive/000001')
    assert first.image.mean() < 20 < 180 < second.image.mean()


def test_a_file_that_is_no_video_and_a_missing_webcam_are_named(tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'nothing')

    with pytest.raises(ValueError, match=r'a\.mp4 cannot be opened'):
        open_source(str(tmp_path / 'a.mp4'))
    with pytest.raises(ValueError, match='webcam97 cannot be opened'):
        open_source('97')
