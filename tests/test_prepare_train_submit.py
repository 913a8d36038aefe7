"""A folder as downloaded -> preparation -> training -> evaluation -> submission."""

import json
import runpy
import sys
from zipfile import ZipFile

import pytest
from ade20k_folder import make_ade20k
from coco_folder import make_coco
from mmengine.config import Config

from mmpisr.apis.launch import evaluate, train

QUICK = dict(
    train_cfg=dict(max_iters=2, val_interval=100),
    train_dataloader=dict(batch_size=2, num_workers=0, persistent_workers=False),
    val_dataloader=dict(num_workers=0, persistent_workers=False),
    test_dataloader=dict(num_workers=0, persistent_workers=False),
    default_hooks=dict(reweighting=dict(type='mmpisr.ReweightingScoresHook')),
    optim_wrapper=dict(optimizer=dict(lr=1e-4)),
)
RELATION = dict(type='mmpisr.PISR', num_instances=5, channels=16)


def write_config(path, dataset, model, **more):
    """A config file of one of our datasets and a small model with PISR."""
    base, changes = model
    bases = [
        f'mmpisr::_base_/{name}.py'
        for name in (
            f'models/{base}_r18-slim',
            f'datasets/{dataset}',
            'schedules/schedule_1200-iter',
            'default_runtime',
        )
    ]
    Config(dict(_base_=bases, model=changes, **(QUICK | more))).dump(path)
    return str(path)


def maskformer(things, stuff):
    classes = dict(num_things_classes=things, num_stuff_classes=stuff)
    head = dict(
        **classes,
        type='mmpisr.PISRMaskFormerHead',
        relation=RELATION,
        loss_cls=dict(class_weight=[1.0] * (things + stuff) + [0.1]),
    )
    return 'maskformer', dict(panoptic_head=head, panoptic_fusion_head=classes)


def panoptic_deeplab(things, stuff):
    head = dict(num_things_classes=things, num_stuff_classes=stuff)
    model = dict(
        type='mmpisr.PISRPanopticDeepLab', panoptic_head=head, relation=RELATION
    )
    return 'panoptic-deeplab', model


@pytest.fixture
def tool(repo, monkeypatch):
    """Run a script of ``tools`` in this process; it must end well."""

    def run(name, *args):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        exit_code = None
        try:
            runpy.run_path(str(repo / 'tools' / name), run_name='__main__')
        except SystemExit as end:
            exit_code = end.code
        assert not exit_code, exit_code

    return run


def run_through(tool, tmp_path, config, root, submission):
    """Train, evaluate and submit; return the submission's json and its images."""
    options = ['--cfg-options', f'data_root={root}/']
    work_dir = ['--work-dir', str(tmp_path / 'work')]
    checkpoint = str(tmp_path / 'work' / 'iter_2.pth')
    out = tmp_path / 'out.zip'

    train([config, *work_dir, *options])
    assert (tmp_path / 'work' / 'iter_2.pth').is_file()
    evaluate([config, checkpoint, *work_dir, *options])
    flags = ['--submission', submission, '--out', str(out)]
    evaluate([config, checkpoint, *flags, *work_dir, *options])

    tool('validate_submission.py', out)
    with ZipFile(out) as archive:
        names = archive.namelist()
        (json_name,) = [name for name in names if name.endswith('.json')]
        return json.loads(archive.read(json_name)), names


@pytest.mark.slow
def test_ade20k_from_its_download_to_a_submission(tool, tmp_path):
    root = make_ade20k(tmp_path / 'ADEChallengeData2016', num=2)
    tool('dataset_converters/ade20k.py', root, '--workers', 1)
    config = write_config(
        tmp_path / 'ade.py', 'ade20k_panoptic', maskformer(things=100, stuff=50)
    )
    tool('validate_dataset.py', config, '--cfg-options', f'data_root={root}/')

    content, names = run_through(tool, tmp_path, config, root, 'ade20k-val')

    assert [a['image_id'] for a in content['annotations']] == [
        image['id']
        for image in json.loads((root / 'ade20k_panoptic_val.json').read_text())[
            'images'
        ]
    ]
    assert len(names) == 2 + 1


@pytest.mark.slow
def test_coco_from_its_download_to_a_submission(tool, tmp_path):
    root = make_coco(tmp_path / 'coco', num=2)
    tool('dataset_converters/coco.py', root)
    config = write_config(
        tmp_path / 'coco.py', 'coco_panoptic', panoptic_deeplab(things=80, stuff=53)
    )

    content, names = run_through(tool, tmp_path, config, root, 'coco-test-dev')

    assert [a['image_id'] for a in content['annotations']] == [5, 6]
    assert len(names) == 2 + 1
