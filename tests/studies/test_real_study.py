"""Two iterations of real trainings, through the tool."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmpisr.datasets import generate_scenes

pytestmark = pytest.mark.slow
STUDY = """
name: tiny
seeds: [0, 1]
options:
  train_cfg.max_iters: 2
  train_cfg.val_interval: 1
  val_evaluator.relation_accuracy: true
  train_dataloader.batch_size: 2
  train_dataloader.num_workers: 0
  train_dataloader.persistent_workers: false
  val_dataloader.num_workers: 0
  val_dataloader.persistent_workers: false
  test_dataloader.num_workers: 0
  test_dataloader.persistent_workers: false
  default_hooks.logger.interval: 1
variants:
  - {label: base, config: BASE}
  - label: OCR
    config: PISR
    options:
      model.relation: {_delete_: true, type: mmpisr.OCRRelation, channels: 16}
  - label: OCR at 3
    trained_as: OCR
    options:
      model.relation.num_instances: 3
"""
LABELS = 'base', 'OCR', 'OCR at 3'


@pytest.fixture(scope='module')
def study(tmp_path_factory, repo) -> Path:
    folder = tmp_path_factory.mktemp('study')
    generate_scenes(folder / 'data', num_train=4, num_val=2, size=(64, 96))
    name = 'panoptic-deeplab_r18_1200-iter_scenes.py'
    base = repo / 'configs' / 'panoptic_deeplab' / name
    pisr = repo / 'configs' / 'pisr' / f'pisr_{name}'
    text = STUDY.replace('BASE', str(base)).replace('PISR', str(pisr))
    (folder / 'tiny.yaml').write_text(text)
    return folder


def call(study: Path, repo: Path, *arguments: str) -> subprocess.CompletedProcess:
    tool = str(repo / 'tools/analysis_tools/study.py')
    command = [sys.executable, tool, 'tiny.yaml', '--out', 'out', *arguments]
    return subprocess.run(
        command, cwd=study, capture_output=True, text=True, check=False
    )


def runs_file(study: Path) -> Path:
    return study / 'docs' / 'results' / 'runs' / 'runs.jsonl'


def folder_of(study: Path, record: dict) -> Path:
    return study / 'out' / 'runs' / record['training'] / f'seed{record["seed"]}'


def records(study: Path) -> dict:
    found = {}
    for record in map(json.loads, runs_file(study).read_text().splitlines()):
        trained = 'OCR' if record['training'].startswith('pisr_') else 'base'
        at = ' at 3' if record['tested_with'] else ''
        found[trained + at, record['seed']] = record
    return found


def test_a_study_runs_reports_and_repeats_a_row_bit_for_bit(study, repo):
    done = call(study, repo, '--data-root', 'data', '--jobs', '2')
    assert done.returncode == 0, done.stdout + done.stderr

    found = records(study)
    assert set(found) == {(label, s) for label in LABELS for s in (0, 1)}
    row = found['OCR', 1]
    assert {
        'PQ',
        'PQ_th',
        'PQ_st',
        'SQ',
        'RQ',
        'mIoU',
        'iIoU',
        'AP',
        'relation_acc',
    } <= {*row['metrics']}
    assert row['parameters'] > found['base', 1]['parameters'] > 0
    assert row['gmacs'] > found['base', 1]['gmacs'] > 0
    assert row['macs_shape'] == [64, 96]
    assert row['iterations'] == 2
    assert row['attempts'] == 1
    assert row['peak_memory_mib'] > 100
    assert row['seconds_per_iteration'] > 0
    assert row['options']['model.relation.type'] == 'mmpisr.OCRRelation'
    path = folder_of(study, row) / 'tests' / row['test'] / 'scores.npz'
    scores = path.read_bytes()
    name = f'{row["training"]}-seed1-{row["test"]}.npz'
    assert (runs_file(study).parent / 'scores' / name).read_bytes() == scores
    assert found['OCR at 3', 1]['training'] == row['training']
    assert found['OCR at 3', 1]['test'] != row['test']
    assert found['OCR at 3', 1]['tested_with'] == {'model.relation.num_instances': 3}
    assert row['curves']['relation_acc'].keys() == {'1', '2'}
    assert len([*(study / 'out' / 'runs').iterdir()]) == 2

    report = call(study, repo, '--report', '--docs', 'docs')
    assert report.returncode == 0, report.stderr
    assert 'OCR' in (study / 'docs' / 'README.md').read_text()

    shutil.rmtree(folder_of(study, row))
    again = call(study, repo, '--data-root', 'data', '--only', 'OCR', '--again')
    assert again.returncode == 0, again.stdout + again.stderr

    assert path.read_bytes() == scores
    assert records(study) == found
