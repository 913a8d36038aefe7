"""CityscapesPanopticDataset reads what cityscapesScripts writes."""

import json
from operator import itemgetter

import cv2
import numpy as np
import pytest
import torch
from cityscapes import convert_cityscapes
from cityscapes_tree import FRAMES, write_cityscapes, zip_cityscapes
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from mmpisr.datasets import CityscapesPanopticDataset
from mmpisr.datasets.cityscapes_labels import METAINFO

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]


def load(root, split='val', suffix='', **options):
    init_default_scope('mmdet')
    name = f'cityscapes_panoptic_{split}{suffix}'
    prefix = dict(img=f'leftImg8bit/{split}')
    if split != 'test':
        prefix['seg'] = f'gtFine/{name}'
    options = dict(data_prefix=prefix, data_root=str(root), pipeline=PIPELINE) | options
    return CityscapesPanopticDataset(f'gtFine/{name}.json', **options)


@pytest.fixture
def root(tmp_path):
    root = write_cityscapes(tmp_path / 'cityscapes')
    convert_cityscapes(root)
    convert_cityscapes(root, train_ids=True)
    return root


@pytest.mark.parametrize('suffix', ['', '_trainId'])
def test_labels_are_things_first_whatever_the_ids_of_the_json(root, suffix):
    dataset = load(root, 'train', suffix)
    sample = dataset[0]['data_samples']

    assert dataset.metainfo['classes'] == METAINFO['classes']
    assert (dataset.num_things_classes, dataset.num_classes) == (8, 19)
    semantic = sample.gt_sem_seg.sem_seg[0]
    car, person, road, sky = 2, 0, 8, 18
    assert [int(semantic[y, x]) for y, x in ((6, 3), (6, 21), (12, 0), (0, 0))] == [
        *(car, person, road, sky)
    ]
    segments = dataset.get_data_info(0)['segments_info']
    assert [s['id'] for s in segments if s['is_crowd']] == [26]


def test_images_are_found_by_their_id_not_by_the_name_in_the_json(root):
    item = load(root, 'train').get_data_info(1)

    assert item['img_id'] == 'zurich_000001_000019'
    path = 'leftImg8bit/train/zurich/zurich_000001_000019_leftImg8bit.png'
    assert item['img_path'] == str(root / path)


def test_metainfo_tells_what_submissions_and_iiou_need(root):
    metainfo = load(root, lazy_init=True).metainfo

    assert metainfo['label_ids'][:3] == (24, 25, 26)
    assert metainfo['instance_areas']['car'] == pytest.approx(12794.02, abs=0.01)
    assert metainfo['palette'][2] == (0, 0, 142)


def test_the_test_split_has_images_only(root):
    dataset = load(root, 'test', test_mode=True)

    assert [dataset.get_data_info(i)['img_id'] for i in range(2)] == [*FRAMES['test']]
    assert 'gt_panoptic_seg' not in dataset[0]['data_samples']
    assert dataset.metainfo['classes'] == METAINFO['classes']


def test_folders_and_official_zip_files_give_the_same(root, tmp_path):
    zips = tmp_path / 'zips'
    zips.mkdir()
    zip_cityscapes(root, zips)
    convert_cityscapes(zips)

    dataset = load(zips, 'train')
    assert dataset.data_prefix['img'] == (
        f'zip://{zips}/leftImg8bit_trainvaltest.zip/leftImg8bit/train'
    )
    for ours, theirs in zip(dataset, load(root, 'train'), strict=True):
        assert torch.equal(ours['inputs'], theirs['inputs'])
        truths = (item['data_samples'].gt_panoptic_seg for item in (ours, theirs))
        assert torch.equal(*(truth.sem_seg for truth in truths))


def spoil_json(root, spoil, name='cityscapes_panoptic_val.json'):
    path = root / 'gtFine' / name
    content = json.loads(path.read_text())
    spoil(content)
    path.write_text(json.dumps(content))


def test_mixed_ids_are_refused(root):
    spoil_json(root, lambda content: content['categories'][0].update(id=0))

    with pytest.raises(
        ValueError, match=r"val\.json: .*'road' has id 0.*expected id 7"
    ):
        load(root)


def test_an_id_that_is_no_frame_is_refused(root):
    def spoil(content):
        content['images'][0]['id'] = content['annotations'][0]['image_id'] = 'frame-1'

    spoil_json(root, spoil)
    with pytest.raises(ValueError, match=r"'frame-1' is not of the form city_sequence"):
        load(root)


def test_a_missing_json_names_the_command_that_makes_it(root):
    (root / 'gtFine/cityscapes_panoptic_val.json').unlink()

    message = rf'cityscapes_panoptic_val\.json.*made by: .*cityscapes\.py {root}'
    with pytest.raises(FileNotFoundError, match=message):
        load(root)


@pytest.fixture(scope='module')
def real_root(shared_data, tmp_path_factory):
    """The real sample's folders, with json and pngs of both kinds beside them."""
    root = tmp_path_factory.mktemp('cityscapes')
    sample = shared_data / 'cityscapes_sample'
    (root / 'leftImg8bit').symlink_to(sample / 'leftImg8bit')
    (root / 'gtFine').mkdir()
    for split in ('train', 'val'):
        (root / 'gtFine' / split).symlink_to(sample / 'gtFine' / split)
    convert_cityscapes(root)
    convert_cityscapes(root, train_ids=True)
    return root


@pytest.mark.parametrize('suffix', ['', '_trainId'])
def test_real_labels_are_those_of_the_label_png_in_every_pixel(real_root, suffix):
    label_ids = np.full(256, 255)
    label_ids[:19] = METAINFO['label_ids']
    for split, images in (('train', 3), ('val', 1)):
        dataset = load(real_root, split, suffix)
        assert len(dataset) == images
        for index in range(images):
            sample = dataset[index]['data_samples']
            ours = label_ids[sample.gt_sem_seg.sem_seg[0].numpy()]
            path = real_root / f'gtFine/{split}/aachen/{sample.img_id}'
            theirs = cv2.imread(f'{path}_gtFine_labelIds.png', cv2.IMREAD_UNCHANGED)
            evaluated = np.isin(theirs, METAINFO['label_ids'])
            assert sample.ori_shape == theirs.shape == (1024, 2048)
            assert np.array_equal(ours, np.where(evaluated, theirs, 255))


@pytest.mark.slow
@pytest.mark.parametrize('start', ['fork', 'spawn'])
def test_workers_read_real_frames_from_zip_files(
    shared_data, real_root, tmp_path, start
):
    zip_cityscapes(shared_data / 'cityscapes_sample', tmp_path)
    convert_cityscapes(tmp_path)
    dataset = load(tmp_path, 'train')
    expected = list(load(real_root, 'train'))

    loader = DataLoader(
        dataset, num_workers=2, multiprocessing_context=start, collate_fn=itemgetter(0)
    )
    for ours, theirs in zip(loader, expected, strict=True):
        assert torch.equal(ours['inputs'], theirs['inputs'])
        truths = (item['data_samples'].gt_panoptic_seg for item in (ours, theirs))
        assert torch.equal(*(truth.sem_seg for truth in truths))
