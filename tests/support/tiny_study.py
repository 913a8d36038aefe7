"""A study whose training and test are scripts of a few lines, and how to run it."""

import sys
from pathlib import Path

from mmpisr.studies import run_study as module
from mmpisr.studies.study import Study, Variant
from mmpisr.studies.study_run import Scripts

TRAIN = """
import json, os, pathlib, sys, time
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
name = f'{work_dir.parent.name} {work_dir.name}'
with open(work_dir.parents[1] / 'calls', 'a') as calls:
    calls.write(f'train {name}\\n')
logs = sorted(work_dir.glob('*/vis_data/scalars.json'))
log = work_dir / str(len(logs)) / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
log.write_text(json.dumps(dict(iter=len(logs) + 1, time=0.5)) + chr(10))
obstacle = work_dir.parents[1] / f'obstacle {name}'
if obstacle.exists():
    what = obstacle.read_text()
    if what == 'wait':
        (work_dir.parents[1] / 'waiting').write_text(str(os.getpid()))
        time.sleep(60)
    sys.exit('out of luck')
for number in 1, 2:
    (work_dir / f'iter_{number}.pth').touch()
(work_dir / 'last_checkpoint').write_text(str(work_dir / 'iter_2.pth'))
"""
TEST = """
import json, pathlib, sys
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
with open(work_dir.parents[2] / 'calls', 'a') as calls:
    calls.write(f'test {work_dir.parents[1].name} {work_dir.parent.name}\\n')
(work_dir / 't').mkdir(parents=True)
(work_dir / 't' / 't.json').write_text('{"coco_panoptic/PQ": 50.0, "time": 1}')
"""


def tiny_study(folder: Path, **options) -> Study:
    config = folder / 'config.py'
    config.write_text('train_cfg = dict(max_iters=4)')
    variants = tuple(Variant(label, config, {}) for label in ('base', 'PISR'))
    return Study(
        *('tiny', 'Tiny', variants, (0, 1), options, (), 'x', None, folder / 't.yaml')
    )


def run(folder: Path, **kwargs):
    """Run it with records that need no model, in ``folder/out``."""
    for name, script in (('train', TRAIN), ('test', TEST)):
        (folder / f'{name}.py').write_text(script)
    module.run_record = lambda study, run, threads: {
        **run.identity,
        **run.read('tested'),
        'threads': threads,
    }
    return module.run_study(
        kwargs.pop('study', None) or tiny_study(folder),
        out=folder / 'out',
        scripts=Scripts(folder / 'train.py', folder / 'test.py'),
        poll_seconds=0.01,
        **kwargs,
    )


if __name__ == '__main__':
    run(Path(sys.argv[1]), jobs=1)
