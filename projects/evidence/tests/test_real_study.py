"""Two iterations of real trainings, through the commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from generate_scenes import generate_scenes

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).resolve().parents[1]
STUDY = """
seeds: [0]
config: pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py
options:
  train_cfg.max_iters: 2
  train_cfg.val_interval: 1
  train_dataloader.batch_size: 2
  train_dataloader.num_workers: 0
  train_dataloader.persistent_workers: false
  val_dataloader.num_workers: 0
  val_dataloader.persistent_workers: false
  test_dataloader.num_workers: 0
  test_dataloader.persistent_workers: false
  default_hooks.logger.interval: 1
variants:
  - label: OCR
    options:
      model.relation: {_delete_: true, type: mmpisr.OCRRelation, channels: 16}
  - label: OCR at 3
    trained_as: OCR
    options:
      model.relation.num_instances: 3
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('study')
    generate_scenes(folder / 'data', num_train=4, num_val=2, size=(64, 96), workers=1)
    (folder / 'tiny.yaml').write_text(STUDY)
    return folder


def call(folder: Path, script: str, *arguments: str) -> None:
    command = [sys.executable, str(PROJECT / script), 'tiny.yaml', *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_study_runs_reports_and_repeats_a_row_bit_for_bit(folder):
    first, again = folder / 'results' / 'runs.jsonl', folder / 'again.jsonl'

    data = '--data-root', 'data'
    call(folder, 'run.py', *data, '--out', 'a', '--records', str(first), '--report')
    call(
        folder, 'run.py', *data, '--out', 'b', '--records', str(again), '--only', 'OCR'
    )

    ocr, at_3 = lines(first)
    assert {'PQ', 'PQ_th', 'PQ_st', 'mIoU', 'iIoU', 'AP', 'relation_acc'} <= {*ocr}
    assert ocr['parameters'] > 0
    assert ocr['gmacs'] > 0
    assert (ocr['iterations'], ocr['attempts'], ocr['seed']) == (2, 1, 0)
    assert ocr['seconds_per_iteration'] > 0
    assert ocr['options']['model.relation.type'] == 'mmpisr.OCRRelation'
    assert at_3['training'] == ocr['training']
    assert at_3['test'] != ocr['test']
    assert at_3['tested_with'] == {'model.relation.num_instances': 3}
    assert '| OCR at 3 | 1 |' in (first.parent / 'tiny.md').read_text()

    (repeated,) = lines(again)
    changing = {'date', 'seconds_per_iteration', 'dirty', 'commit'}
    assert {k: v for k, v in ocr.items() if k not in changing} == {
        k: v for k, v in repeated.items() if k not in changing
    }
