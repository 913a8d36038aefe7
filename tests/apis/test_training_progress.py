import json

import pytest

from mmpisr.apis.training_progress import TrainingProgress, clock


def write_log(folder, iteration):
    log = folder / '1' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(json.dumps(dict(iter=iteration)) + '\n')


def test_what_is_left_is_counted_from_what_was_done_since_the_start(tmp_path):
    write_log(tmp_path / 'a', 30)
    progress = TrainingProgress({tmp_path / 'a': 40, tmp_path / 'b': 40}, finished=3)
    assert progress.line(0) == '3/5 runs | iteration 30/80 | 0 s, ? left'

    write_log(tmp_path / 'a', 40)
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
    assert text.splitlines()[-2].startswith('1/1 runs')


@pytest.mark.parametrize(
    ('seconds', 'text'), [(30, '30 s'), (600, '10 min'), (7260, '2 h 01 min')]
)
def test_times_are_readable(seconds, text):
    assert clock(seconds) == text
