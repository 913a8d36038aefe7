import pytest

from mmpisr.apis.concurrent_training import train_together
from mmpisr.apis.trained_model import TrainedModel

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
