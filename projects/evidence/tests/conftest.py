"""A study whose training and test are scripts of a few lines."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from evidence.records import read_records
from evidence.runner import run_studies
from evidence.study_file import read_study

torch.set_num_threads(1)
PROJECT = Path(__file__).resolve().parents[1]
TRAIN = """
import json, os, pathlib, sys, time
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
out = work_dir.parents[2]
name = f'{work_dir.parent.name.split("-")[0]} {work_dir.name}'
with open(out / 'calls', 'a') as calls:
    calls.write(f'train {name}\\n')
log = work_dir / str(time.time_ns()) / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
log.write_text(json.dumps(dict(iter=1, time=0.5)) + chr(10))
obstacle = out / f'obstacle {name}'
if obstacle.exists():
    if obstacle.read_text() == 'wait':
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
"""
CONFIG = """
train_cfg = dict(max_iters=4)
model = dict(name={name!r}, slots=20)
dataset = dict(data_root={folder!r}, ann_file='a.json', data_prefix=dict(seg='seg'))
train_dataloader = val_dataloader = test_dataloader = dict(dataset=dataset)
"""


class TinyStudies:
    """Writes study files into a folder, runs them, and says what was done.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out, self.records = folder / 'out', folder / 'runs.jsonl'
        self.out.mkdir()
        (folder / 'a.json').write_text('{}')
        for name, script in (('train', TRAIN), ('test', TEST)):
            (folder / f'{name}.py').write_text(script)
        for name in ('base', 'pisr'):
            text = CONFIG.format(name=name, folder=str(folder))
            (folder / f'{name}.py').write_text(text)

    def study(self, *more: dict, name: str = 'tiny', **content):
        """A study of ``base`` and ``PISR``, and of more variants."""
        variants = [dict(label=n, config=f'{n.lower()}.py') for n in ('base', 'PISR')]
        content = {'seeds': [0, 1], 'variants': [*variants, *more], **content}
        path = self.folder / f'{name}.yaml'
        path.write_text(yaml.safe_dump(content))
        return read_study(path)

    def run(self, *studies, **kwargs):
        """Run them, with records that need no model."""
        return run_studies(
            studies or [self.study()],
            out=self.out,
            records=self.records,
            tools=self.folder,
            poll_seconds=0.01,
            **{'jobs': 1, **kwargs},
        )

    def calls(self) -> list[str]:
        """``train`` and ``test``, config and seed, in their order."""
        path = self.out / 'calls'
        return path.read_text().splitlines() if path.exists() else []

    def recorded(self) -> list[tuple[str, int]]:
        """Base or PISR and the seed of each record."""
        return [(k.training.split('-')[0], k.seed) for k in read_records(self.records)]


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> TinyStudies:
    """Studies in an empty folder."""
    cost = dict(gmacs=1.0, parameters=2)
    monkeypatch.setattr('evidence.training.model_cost', lambda cfg: cost)
    return TinyStudies(tmp_path)


@pytest.fixture
def write_records(tmp_path):
    """Write a line for each run of a study, from figures by label and seed."""
    from evidence.records import identify

    def write(study, figures: dict[str, list[dict]], **common) -> Path:
        path = tmp_path / 'runs.jsonl'
        lines = []
        for label, runs in figures.items():
            training, test = identify(study, study.find(label))
            for seed, metrics in zip(study.seeds, runs, strict=False):
                origin = dict.fromkeys(('machine', 'cpu', 'gpu', 'torch'), 'x')
                origin |= dict(commit='a' * 40, dirty=False, date='2026-01-02')
                origin |= dict(cores=2, memory_gib=4, threads=1, data='d')
                origin |= dict(iterations=4, attempts=1, gmacs=1.5, parameters=2000)
                key = dict(training=training, test=test, seed=seed)
                lines.append(json.dumps({**key, **origin, **metrics, **common}))
        path.write_text(''.join(f'{line}\n' for line in lines))
        return path

    return write


@pytest.fixture(scope='session')
def repo() -> Path:
    """Root of the checkout."""
    return PROJECT.parents[1]
