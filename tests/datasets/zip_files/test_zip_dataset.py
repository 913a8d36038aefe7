"""A dataset whose folders were never unpacked, read by workers of both kinds."""

import json
import shutil
import zipfile
from operator import itemgetter

import pytest
import torch
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from mmpisr.datasets import PanopticDataset

PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]
PREFIX = dict(img='images/train', seg='annotations/panoptic_train')


def zip_tree(folder, path):
    with zipfile.ZipFile(path, 'w') as archive:
        for file in sorted(folder.rglob('*.*')):
            archive.write(file, file.relative_to(folder.parent))


@pytest.fixture
def zipped_root(scenes_root, tmp_path):
    """The scenes as two zip files and nothing else."""
    zip_tree(scenes_root / 'images', tmp_path / 'images.zip')
    zip_tree(scenes_root / 'annotations', tmp_path / 'annotations_trainval.zip')
    return tmp_path


def load(root, **options):
    init_default_scope('mmdet')
    options = dict(data_prefix=PREFIX, data_root=str(root)) | options
    ann_file = options.pop('ann_file', 'annotations/panoptic_train.json')
    return PanopticDataset(ann_file, pipeline=PIPELINE, **options)


def maps(items):
    return [
        (item['inputs'], item['data_samples'].gt_panoptic_seg.sem_seg) for item in items
    ]


def test_zip_files_give_what_folders_give(scenes_root, zipped_root):
    folders, zips = load(scenes_root), load(zipped_root)

    assert zips.data_prefix['img'] == f'zip://{zipped_root}/images.zip/images/train'
    assert len(zips) == len(folders) == 6
    for ours, theirs in zip(maps(zips), maps(folders), strict=True):
        assert all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize('start', ['fork', 'spawn'])
def test_workers_read_zip_files(zipped_root, start):
    dataset = load(zipped_root)
    expected = maps(dataset)  # so that forks inherit open files

    loader = DataLoader(
        dataset, num_workers=2, multiprocessing_context=start, collate_fn=itemgetter(0)
    )
    for ours, theirs in zip(maps(loader), expected, strict=True):
        assert all(map(torch.equal, ours, theirs))


def test_explicit_zip_paths_are_not_put_below_the_root(zipped_root):
    prefix = dict(
        img=f'zip://{zipped_root}/images.zip/images/train',
        seg=f'zip://{zipped_root}/annotations_trainval.zip/annotations/panoptic_train',
    )
    json_path = prefix['seg'] + '.json'
    dataset = load('elsewhere', data_prefix=prefix, ann_file=json_path)

    assert len(maps(dataset)) == 6


def test_a_missing_member_is_found_before_training(scenes_root, zipped_root, tmp_path):
    content = json.loads((scenes_root / 'annotations/panoptic_train.json').read_text())
    content['images'][3]['file_name'] = 'gone.jpg'
    (tmp_path / 'spoiled.json').write_text(json.dumps(content))

    message = r"spoiled\.json: .*images\.zip/images/train', 1 of them .*'gone\.jpg'"
    with pytest.raises(FileNotFoundError, match=message):
        load(zipped_root, ann_file='spoiled.json')


def test_a_given_backend_is_left_alone(scenes_root, zipped_root):
    shutil.copytree(scenes_root / 'annotations', zipped_root / 'annotations')

    with pytest.raises(FileNotFoundError, match=r"/images/train', 6 of them do not"):
        load(zipped_root, backend_args=dict(backend='local'))
