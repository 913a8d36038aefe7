"""EXIF orientation and depth: images and labels agree in every frame and format."""

import json

import cv2
import numpy as np
import pytest
from labelled_png import prepare_labelled_png
from mmdet.structures import DetDataSample
from PIL import Image

from mmpisr.datasets import PanopticDataset
from mmpisr.datasets.image_file import FRAMES, read_head
from mmpisr.datasets.transforms.load_image import LoadImage
from mmpisr.datasets.validation.command import main as validate
from mmpisr.visualization import picture_of

CLASSES = 'id,name,isthing\n0,car,yes\n1,bus,yes\n2,road,no\n3,sky,no\n'
VALUES = np.array([20, 90, 160, 230])  # grey of the image by class
SIZES = {'square': (16, 16), 'landscape': (16, 32)}
PIL_TURNS = {  # what a viewer does, stated by Pillow's operations
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_270],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_90],
}
TRAIN = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmdet.RandomFlip', prob=1.0, direction='vertical'),
    dict(type='mmpisr.PackPanopticInputs'),
]
TEST = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale_factor=1.0, interpolation='nearest'),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]


def classes(size):
    """A map without any symmetry: a band of each class and a block in a corner."""
    labels = np.repeat(np.arange(4), size[0] // 4)[:, None] * np.ones(size[1], int)
    labels[:2, :5] = 2
    return labels.astype(np.uint8)


def shown(array, tag):
    """The array as a viewer shows it."""
    image = Image.fromarray(array)
    for turn in PIL_TURNS[tag]:
        image = image.transpose(turn)
    return np.asarray(image)


@pytest.fixture
def make(tmp_path):
    """Write one image with an orientation and its labels; give the root."""

    def run(tag, frame, size=(16, 32), suffix='.png', depth=1):
        labels = classes(size)
        image = Image.fromarray(VALUES[labels].astype(np.uint8)).convert('RGB')
        exif = Image.Exif()
        exif[274] = tag
        for folder in ('images', 'labels'):
            (tmp_path / folder).mkdir()
        lossless = dict(lossless=True) if suffix == '.webp' else {}
        image.save(tmp_path / f'images/a{suffix}', exif=exif, quality=100, **lossless)
        labels = labels if frame == 'stored' else shown(labels, tag)
        Image.fromarray(labels).save(tmp_path / 'labels/a.png')
        (tmp_path / 'classes.csv').write_text(CLASSES)
        return tmp_path

    return run


def convert(root, suffix='.png', **options):
    """Convert; give the content of the json."""
    prepare_labelled_png(
        root / 'images',
        root / 'labels',
        classes=root / 'classes.csv',
        out=root / 'out',
        connected=True,
        image_suffix=suffix,
        **options,
    )
    return json.loads((root / 'out/annotations/panoptic_train.json').read_text())


def dataset(root, pipeline=TRAIN, **options):
    """What was converted, as a dataset."""
    folder = root / 'out/annotations/panoptic_train'
    prefix = dict(img=str(root / 'images'), seg=str(folder))
    return PanopticDataset(
        f'{folder}.json', data_prefix=prefix, pipeline=pipeline, **options
    )


def agreement(item, tolerance=0):
    """Share of pixels whose grey is that of their class."""
    image = item['inputs'].numpy().astype(int)
    labels = item['data_samples'].gt_sem_seg.sem_seg[0].numpy()
    return (np.abs(image - VALUES[labels]).max(axis=0) <= tolerance).mean()


@pytest.mark.parametrize('frame', FRAMES)
@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('tag', range(1, 9))
def test_a_stated_frame_makes_every_pixel_agree_with_its_label(make, tag, size, frame):
    root = make(tag, frame, SIZES[size])
    image = convert(root, orientation=frame)['images'][0]

    for pipeline in (TRAIN, TEST):
        for test_mode in (False, True):
            item = dataset(root, pipeline, test_mode=test_mode)[0]
            assert agreement(item) == 1.0
            ori_shape = item['data_samples'].ori_shape
            assert ori_shape == (image['height'], image['width'])


@pytest.mark.parametrize('frame', FRAMES)
@pytest.mark.parametrize('suffix', ['.jpg', '.tif', '.webp', '.png'])
@pytest.mark.parametrize('tag', [5, 6, 7, 8])
def test_the_size_tells_the_frame_in_every_format(make, tag, suffix, frame):
    root = make(tag, frame, suffix=suffix)

    assert convert(root, suffix)['info']['orientation'] == frame
    assert agreement(dataset(root)[0], tolerance=12) > 0.9


@pytest.mark.parametrize(
    ('tag', 'size'),
    [
        (tag, size)
        for tag in range(2, 9)
        for size in SIZES
        if tag < 5 or size == 'square'
    ],
)
def test_what_the_size_does_not_tell_is_refused_by_all(make, tag, size):
    root = make(tag, 'stored', SIZES[size])
    with pytest.raises(ValueError, match=f'a.png: .*EXIF orientation {tag}.*--orient'):
        convert(root)

    convert(root, orientation='stored')
    path = root / 'out/annotations/panoptic_train.json'
    content = json.loads(path.read_text())
    del content['info']['orientation']
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f'EXIF orientation {tag}.*orientation='):
        dataset(root)[0]
    arguments = [str(path), '--img-prefix', str(root / 'images'), '--workers', '1']
    assert validate(arguments) == 1
    assert validate([*arguments, '--orientation', 'stored']) == 0
    assert agreement(dataset(root, orientation='stored')[0]) == 1.0


def test_a_frame_that_the_size_contradicts_is_refused_with_both(make):
    root = make(6, 'stored')
    with pytest.raises(ValueError, match=r"\(16, 32\) stored.*said to be 'shown'"):
        convert(root, orientation='shown')
    convert(root)
    path = root / 'out/annotations/panoptic_train.json'
    path.write_text(path.read_text().replace('"orientation": "stored"', '"old": 0'))
    with pytest.raises(ValueError, match=r"\(16, 32\) stored.*said to be 'shown'"):
        dataset(root, orientation='shown')[0]


def test_config_json_and_loader_must_agree(make):
    root = make(3, 'stored')
    convert(root, orientation='stored')
    ignoring = dict(type='LoadImageFromFile', color_type='color_ignore_orientation')

    assert agreement(dataset(root, [ignoring, *TRAIN[1:]])[0]) == 1.0
    with pytest.raises(ValueError, match=r"\('shown', 'stored', None\)"):
        dataset(root, orientation='shown')
    with pytest.raises(ValueError, match=r"\('turned', 'stored', None\)"):
        dataset(root, orientation='turned')


def test_labels_in_two_frames_are_refused_with_an_example_of_each(make):
    root = make(6, 'stored')
    for folder in ('images', 'labels'):
        (root / folder / 'b.png').write_bytes((root / folder / 'a.png').read_bytes())
    labels = np.asarray(Image.open(root / 'labels/a.png'))
    Image.fromarray(shown(labels, 6)).save(root / 'labels/b.png')

    with pytest.raises(ValueError, match=r'labels of a\.png .* of b\.png'):
        convert(root)


def test_an_orientation_behind_the_pixels_of_a_png_counts(make):
    root = make(6, 'stored')
    path = root / 'images/a.png'
    content = path.read_bytes()
    start = content.index(b'eXIf') - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], 'big')
    moved = content[:start] + content[end:-12] + content[start:end] + content[-12:]
    path.write_bytes(moved)

    assert read_head(moved).tag == 6
    convert(root)
    assert agreement(dataset(root)[0]) == 1.0


def test_a_picture_for_drawing_is_in_the_frame_of_the_prediction(make):
    root = make(6, 'stored')
    convert(root)
    sample: DetDataSample = dataset(root, TEST)[0]['data_samples']

    as_shown = cv2.imread(str(root / 'images/a.png'))
    assert picture_of(sample, as_shown).shape[:2] == sample.ori_shape == (16, 32)


DEEP = {
    '12 bits': ('.png', lambda grey: grey.astype(np.uint16) * 16, 16 * 255),
    '16 bits, four channels': (
        '.tif',
        lambda grey: np.dstack([grey] * 4).astype(np.uint16) * 257,
        65535,
    ),
    'floats': ('.tif', lambda grey: grey.astype(np.float32) / 255, 1.0),
}


@pytest.mark.parametrize('kind', DEEP)
def test_more_than_8_bits_are_refused_or_scaled(make, kind, capsys):
    suffix, deepen, white = DEEP[kind]
    root = make(1, 'stored')
    (root / 'images/a.png').unlink()
    grey = VALUES[classes((16, 32))].astype(np.uint8)
    assert cv2.imwrite(str(root / f'images/a{suffix}'), deepen(grey))
    convert(root, suffix)

    assert f'1 images, e.g. a{suffix}, have more than 8 bits' in capsys.readouterr().out
    with pytest.raises(ValueError, match=rf'a{suffix}: pixels are .*max_value=M'):
        dataset(root)[0]
    scaling = [dict(type='mmpisr.LoadImage', max_value=white), *TRAIN[1:]]
    assert agreement(dataset(root, scaling)[0], tolerance=1e-3) == 1.0


def test_values_that_are_no_numbers_are_refused(tmp_path):
    image = np.full((4, 4), np.nan, np.float32)
    assert cv2.imwrite(str(tmp_path / 'a.tif'), image)

    with pytest.raises(ValueError, match=r'a\.tif: 48 values are NaN'):
        LoadImage(max_value=1.0)(dict(img_path=str(tmp_path / 'a.tif')))


def test_a_limit_of_pixels_names_file_size_and_variable(make, monkeypatch):
    root = make(1, 'stored')
    monkeypatch.setenv('OPENCV_IO_MAX_IMAGE_PIXELS', '500')

    message = r'a\.png: .*\(16, 32\) are 512 pixels, .* 500; set OPENCV_IO_MAX_IMAGE'
    with pytest.raises(ValueError, match=message):
        convert(root)


def test_a_side_that_a_resize_makes_0_is_said_with_image_and_size(make):
    root = make(1, 'stored', (4, 200))
    convert(root)
    resize = dict(type='mmdet.Resize', scale=(10, 8), keep_ratio=True)

    with pytest.raises(ValueError, match=r'a\.png: .*\(4, 200\).*keep_ratio=False'):
        dataset(root, [TRAIN[0], resize, *TRAIN[1:]])[0]


def test_another_backend_of_the_loader_is_refused():
    pillow = dict(type='LoadImageFromFile', imdecode_backend='pillow')

    with pytest.raises(ValueError, match=r"imdecode_backend 'pillow'.*'cv2'"):
        PanopticDataset('a.json', pipeline=[pillow], lazy_init=True)
