"""Trainings side by side: their logs, their progress, their checkpoints."""

import json

import pytest

from mmpisr.apis.trainings import (
    TrainingProgress,
    TrainingRun,
    clock,
    last_checkpoint,
    train_together,
    training_logs,
)

SCRIPT = """
import json, os, pathlib, sys, time
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
print('arguments', sys.argv[1:], 'threads', os.environ['OMP_NUM_THREADS'])
if 'bad' in sys.argv[1]:
    sys.exit('out of memory')
if 'slow' in sys.argv[1]:
    time.sleep(20)
log = work_dir / '1' / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
log.write_text(json.dumps(dict(iter=4, loss=1.0)) + chr(10))
"""


@pytest.fixture
def make_training(tmp_path):
    (tmp_path / 'train.py').write_text(SCRIPT)

    def make(name: str) -> TrainingRun:
        config = tmp_path / f'{name}.py'
        config.write_text('train_cfg = dict(max_iters=4)')
        return TrainingRun(name, config, tmp_path / 'runs' / name)

    return make


def test_every_training_runs_and_is_timed(make_training, tmp_path, capsys):
    runs = [make_training('base'), make_training('relation')]

    seconds = train_together(
        runs, script=tmp_path / 'train.py', options={'a.b': 3}, poll_seconds=0.01
    )

    assert set(seconds) == {'base', 'relation'}
    assert min(seconds.values()) > 0
    printed = (runs[0].work_dir / 'train.log').read_text()
    assert "'--resume'" in printed
    assert "'--cfg-options', 'a.b=3'" in printed
    assert 'threads 1' in printed
    assert '2/2 runs | iteration 8/8' in capsys.readouterr().out


def test_a_training_that_fails_stops_the_others_and_shows_its_end(
    make_training, tmp_path
):
    trainings = [make_training('slow'), make_training('bad')]

    with pytest.raises(RuntimeError, match=r"(?s)'bad'.*train\.log.*out of memory"):
        train_together(trainings, script=tmp_path / 'train.py', poll_seconds=0.01)

    assert not list(trainings[0].work_dir.glob('*/vis_data'))


def write_log(folder, *entries):
    folder = folder / 'vis_data'
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(entry) + '\n' for entry in entries]
    (folder / 'scalars.json').write_text(''.join(lines))


def test_the_logs_of_each_start_are_read_without_a_line_that_was_cut_off(tmp_path):
    assert training_logs(tmp_path) == []

    write_log(tmp_path / '1', dict(iter=50), {'coco_panoptic/PQ': 1.0, 'step': 50})
    write_log(tmp_path / '2', dict(iter=60))
    with (tmp_path / '2/vis_data/scalars.json').open('a') as log:
        log.write('{"iter": 1')

    first, second = training_logs(tmp_path)
    assert [entry.get('iter') for entry in first] == [50, None]
    assert second == [dict(iter=60)]


def test_the_last_checkpoint_is_the_noted_one_and_a_missing_one_names_the_folder(
    tmp_path,
):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        last_checkpoint(tmp_path)

    (tmp_path / 'last_checkpoint').write_text('a/iter_2.pth\n')
    assert str(last_checkpoint(tmp_path)) == 'a/iter_2.pth'


def test_the_time_left_is_estimated_from_what_was_done_since_the_start(tmp_path):
    write_log(tmp_path / 'a/1', dict(iter=30))
    progress = TrainingProgress({tmp_path / 'a': 40, tmp_path / 'b': 40}, finished=3)
    assert progress.line(0) == '3/5 runs | iteration 30/80 | 0 s, ? left'

    write_log(tmp_path / 'a/1', dict(iter=40))
    assert progress.line(1) == '4/5 runs | iteration 40/80 | 0 s, 0 s left'


def test_a_file_gets_a_line_only_when_a_run_has_ended(tmp_path, capsys):
    progress = TrainingProgress({tmp_path: 40})

    for ended in (0, 0, 1):
        progress(ended)

    assert [line[:8] for line in capsys.readouterr().out.splitlines()] == [
        '0/1 runs',
        '1/1 runs',
    ]


def test_a_terminal_keeps_the_last_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    progress = TrainingProgress({tmp_path: 40})

    for ended in (0, 1):
        progress(ended)
    print('next')

    text = capsys.readouterr().out
    assert text.count('\n') == 2
    assert text.splitlines()[-2].startswith('\x1b[J1/1 runs')


def test_a_terminal_has_a_line_for_each_running_training(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    for name, done in dict(a=10, b=20, c=40).items():
        write_log(tmp_path / name / '1', dict(iter=done))
    progress = TrainingProgress(dict.fromkeys([tmp_path / name for name in 'abcd'], 40))

    progress(1)
    progress(1)

    first, second = capsys.readouterr().out.split('\x1b[J')[1:]
    lines = ['a: iteration 10/40', 'b: iteration 20/40', progress.line(1)]
    assert second.splitlines() == lines
    assert first.splitlines()[:2] == lines[:2]
    assert first.endswith('\r\x1b[2A')  # the second text replaces the first


@pytest.mark.parametrize(
    ('seconds', 'text'), [(30, '30 s'), (600, '10 min'), (7260, '2 h 01 min')]
)
def test_times_are_readable(seconds, text):
    assert clock(seconds) == text
