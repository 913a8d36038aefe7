import json

import pytest

from mmpisr.apis.concurrent_training import iterations_done, log_of, train_together
from mmpisr.apis.trained_model import TrainedModel

SCRIPT = """
import json, os, pathlib, sys
work_dir = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
print('arguments', sys.argv[1:], 'threads', os.environ['OMP_NUM_THREADS'])
if 'bad' in sys.argv[1]:
    sys.exit('out of memory')
log = work_dir / '1' / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
log.write_text(json.dumps(dict(iter=4, loss=1.0)) + chr(10))
"""


@pytest.fixture
def make_training(tmp_path):
    (tmp_path / 'train.py').write_text(SCRIPT)

    def make(name: str) -> TrainedModel:
        config = tmp_path / f'{name}.py'
        config.write_text('train_cfg = dict(max_iters=4)')
        return TrainedModel(name, config, tmp_path / 'runs' / name)

    return make


def test_every_training_runs_and_is_timed(make_training, tmp_path, capsys):
    runs = [make_training('base'), make_training('relation')]

    seconds = train_together(
        runs, script=tmp_path / 'train.py', options={'a.b': 3}, poll_seconds=0.01
    )

    assert set(seconds) == {'base', 'relation'}
    assert min(seconds.values()) > 0
    printed = log_of(runs[0]).read_text()
    assert "'--resume'" in printed
    assert "'--cfg-options', 'a.b=3'" in printed
    assert 'threads 1' in printed
    assert 'base 4/4 | relation 4/4' in capsys.readouterr().out


def test_a_training_that_fails_names_its_log_and_shows_its_end(make_training, tmp_path):
    bad = make_training('bad')

    with pytest.raises(RuntimeError, match=r'(?s)train\.log.*out of memory'):
        train_together([bad], script=tmp_path / 'train.py', poll_seconds=0.01)


def test_progress_skips_a_half_written_line(tmp_path):
    log = tmp_path / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(dict(iter=50)) + '\n{"iter": 1')

    assert iterations_done(tmp_path) == 50


def test_progress_is_zero_before_the_first_line(tmp_path):
    assert iterations_done(tmp_path) == 0
