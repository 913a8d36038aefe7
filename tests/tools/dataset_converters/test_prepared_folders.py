"""From a downloaded folder through the script and the config to the metric."""

import subprocess
import sys

import pytest
from ade20k_folder import make_ade20k
from camvid_folder import make_camvid
from coco_folder import make_coco
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpisr.datasets import merge_options
from mmpisr.registry import DATASETS, METRICS


@pytest.fixture
def prepare(repo):
    """Run a script in this process's Python."""

    def run(script, *args):
        path = repo / 'tools/dataset_converters' / script
        command = [sys.executable, path, *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True)

    return run


@pytest.fixture
def build(repo):
    """Dataset of a loader, and the config."""

    def run(name, root, part):
        init_default_scope('mmdet')
        cfg = Config.fromfile(repo / f'configs/_base_/datasets/{name}.py')
        merge_options(cfg, dict(data_root=str(root)))
        return DATASETS.build(cfg[f'{part}_dataloader'].dataset), cfg

    return run


def truth_scores(dataset, cfg):
    """Score the ground truth as if it had been predicted."""
    metric = METRICS.build(cfg.val_evaluator)
    metric.dataset_meta = dataset.metainfo
    void = len(dataset.metainfo['classes'])
    for index in range(len(dataset)):
        item = dataset[index]['data_samples']
        truth = item.gt_panoptic_seg.sem_seg.clone()
        truth[truth == 255] = void
        sample = dict(
            item.metainfo,
            pred_panoptic_seg=dict(sem_seg=truth),
        )
        metric.process({}, [sample])
    return metric.evaluate(len(dataset))


def checked(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ('config', 'options', 'classes'),
    [
        ('ade20k_panoptic', [], (100, 50)),
        ('ade20k_panoptic_115', ['--paper-split'], (115, 35)),
    ],
)
def test_ade20k(prepare, build, tmp_path, config, options, classes):
    root = make_ade20k(tmp_path)

    checked(prepare('ade20k.py', root, *options, '--workers', 2))

    train, _ = build(config, root, 'train')
    val, cfg = build(config, root, 'val')
    counts = [len(val.metainfo[f'{kind}_classes']) for kind in ('thing', 'stuff')]
    assert tuple(counts) == classes
    assert set(train.get_cat_ids(0)) >= {0, 3}  # bed, person
    assert train[0]['data_samples'].gt_instances.masks.height <= 640
    scores = truth_scores(val, cfg)
    assert scores['coco_panoptic/PQ'] == scores['coco_panoptic/mIoU'] == 100


@pytest.mark.slow
def test_coco(prepare, build, tmp_path):
    root = make_coco(tmp_path)

    shown = checked(prepare('coco.py', root))

    assert 'panoptic_image_info_test-dev2017.json: written, 4 images' in shown
    val, cfg = build('coco_panoptic', root, 'val')
    assert len(val.metainfo['classes']) == 133
    assert truth_scores(val, cfg)['coco_panoptic/PQ'] == 100
    cfg.val_dataloader.dataset.update(
        ann_file='annotations/panoptic_image_info_test-dev2017.json',
        data_prefix=dict(img='test2017/'),
    )
    test = DATASETS.build(cfg.val_dataloader.dataset)
    assert test.metainfo['thing_classes'] == val.metainfo['thing_classes']
    assert 'gt_panoptic_seg' not in test[0]['data_samples']
    assert test[0]['data_samples'].img_path.endswith('test2017/000000000009.jpg')


@pytest.mark.slow
def test_camvid(prepare, build, tmp_path):
    source, root = make_camvid(tmp_path / 'CamVid', size=(360, 480)), tmp_path / 'out'

    checked(prepare('camvid.py', source, root, '--split-by-sequence'))

    val, cfg = build('camvid_panoptic', root, 'val')
    assert val[0]['data_samples'].gt_panoptic_seg.shape == (180, 240)
    assert truth_scores(val, cfg)['coco_panoptic/PQ'] == 100


@pytest.mark.slow
def test_labelled_png(prepare, build, tmp_path):
    source, root = make_camvid(tmp_path / 'CamVid', size=(180, 240)), tmp_path / 'out'
    table = tmp_path / 'classes.yaml'
    table.write_text(
        '- {id: 0, name: sky, isthing: 0}\n- {id: 3, name: road, isthing: 0}\n'
        '- {id: 8, name: car, isthing: 1}\n- {id: 9, name: pedestrian, isthing: 1}\n'
    )
    for split in ('train', 'val'):
        folders = source / split, source / f'{split}annot'
        options = ['--classes', table, '--out', root, '--split', split, '--connected']
        checked(prepare('labelled_png.py', *folders, *options, '--void', 11))
        (root / 'images').mkdir(exist_ok=True)
        (root / 'images' / split).symlink_to(source / split)

    val, cfg = build('camvid_panoptic', root, 'val')
    assert val.metainfo['classes'] == ('car', 'pedestrian', 'sky', 'road')
    assert truth_scores(val, cfg)['coco_panoptic/PQ'] == 100


@pytest.mark.slow
def test_a_mistake_is_a_message_and_not_a_traceback(prepare, tmp_path):
    for script in ('ade20k.py', 'coco.py'):
        done = prepare(script, tmp_path / 'nowhere')

        assert done.returncode == 1
        assert done.stderr.startswith(f'{script}: ')
        assert 'is missing' in done.stderr
        assert 'Traceback' not in done.stderr


@pytest.mark.slow
def test_labelled_png_needs_a_source_of_instances(prepare, tmp_path):
    done = prepare(
        'labelled_png.py', tmp_path, tmp_path, '--classes', 'c.csv', '--out', tmp_path
    )

    assert done.returncode == 2
    assert '--instances --connected --numbering is required' in done.stderr
