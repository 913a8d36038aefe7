"""A study whose training and test are scripts of a few lines, and how to run it."""

import sys
from pathlib import Path

from mmpisr.processes.child_process import exit_on_sigterm
from mmpisr.studies import run_study as module
from mmpisr.studies.records import RunRecords
from mmpisr.studies.study import Study, Variant
from mmpisr.studies.study_run import Scripts

TRAIN = """
import json, os, pathlib, subprocess, sys, time
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
out = work_dir.parents[2]
name = f'{work_dir.parent.name.split("-")[0]} {work_dir.name}'
with open(out / 'calls', 'a') as calls:
    calls.write(f'train {name}\\n')
logs = sorted(work_dir.glob('*/vis_data/scalars.json'))
log = work_dir / str(len(logs)) / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
log.write_text(json.dumps(dict(iter=len(logs) + 1, time=0.5)) + chr(10))
obstacle = out / f'obstacle {name}'
if obstacle.exists():
    what = obstacle.read_text()
    if what == 'wait':
        nap = [sys.executable, '-c', 'import time; time.sleep(60)']
        worker = subprocess.Popen(nap)
        (out / 'worker').write_text(str(worker.pid))
        (out / 'waiting').write_text(str(os.getpid()))
        time.sleep(60)
    sys.exit('out of luck')
for number in 1, 2:
    (work_dir / f'iter_{number}.pth').touch()
(work_dir / 'command').write_text(' '.join(sys.argv))
(work_dir / 'last_checkpoint').write_text(str(work_dir / 'iter_2.pth'))
"""
TEST = """
import json, pathlib, sys
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
options = dict(o.split('=') for o in sys.argv[sys.argv.index('--cfg-options') + 1:])
run = work_dir.parents[1]
with open(run.parents[2] / 'calls', 'a') as calls:
    calls.write(f'test {run.parent.name.split("-")[0]} {run.name}\\n')
(work_dir / 't').mkdir(parents=True)
metrics = {'coco_panoptic/PQ': float(options.get('model.slots', 50)), 'time': 1}
(work_dir / 't' / 't.json').write_text(json.dumps(metrics))
(work_dir / 'scores.npz').write_text(f'scores of {run.name}')
"""
CONFIG = """
train_cfg = dict(max_iters=4)
model = dict(name={name!r}, slots=20)
dataset = dict(data_root={folder!r}, ann_file='a.json', data_prefix=dict(seg='seg'))
train_dataloader = val_dataloader = test_dataloader = dict(dataset=dataset)
"""


def tiny_study(folder: Path, *more: Variant, **options) -> Study:
    """Variants ``base`` and ``PISR``, and some more."""
    (folder / 'a.json').write_text('{}')
    names = ('base', 'PISR')
    configs = [folder / f'{name.lower()}.py' for name in names]
    for name, config in zip(names, configs, strict=True):
        config.write_text(CONFIG.format(name=name, folder=str(folder)))
    variants = [Variant(n, c, {}) for n, c in zip(names, configs, strict=True)]
    return Study(
        name='tiny',
        title='Tiny',
        variants=(*variants, *more),
        seeds=(0, 1),
        options=options,
        compare_to=(),
        x_label='x',
        x_from=(),
        file=folder / 't.yaml',
    )


def records_of(folder: Path) -> RunRecords:
    """What ``run`` has recorded there."""
    return RunRecords(folder / 'kept')


def run(folder: Path, **kwargs):
    """Run it in ``folder/out``, with records in ``folder/kept`` that need no model."""
    for name, script in (('train', TRAIN), ('test', TEST)):
        (folder / f'{name}.py').write_text(script)
    module.run_record = lambda run: run.read()
    return module.run_study(
        kwargs.pop('study', None) or tiny_study(folder),
        out=folder / 'out',
        records=records_of(folder),
        scripts=Scripts(folder / 'train.py', folder / 'test.py'),
        poll_seconds=0.01,
        **kwargs,
    )


if __name__ == '__main__':
    exit_on_sigterm()
    run(Path(sys.argv[1]), jobs=1)
