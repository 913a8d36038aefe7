"""The command ``mmpisr predict``."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import truth_model
from generate_scenes import generate_scenes
from mmengine.config import Config
from mmengine.registry import MODELS
from truth_model import META, picture_of_truth

from mmpisr.__main__ import COMMANDS, main
from mmpisr.apis.predict import DEMO_CONFIG, DEMO_DIR, DEMO_MODEL

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a picture, a config, and a work dir with its checkpoint."""
    monkeypatch.chdir(tmp_path)
    Config(truth_model.config()).dump('truth.py')
    Path('work_dirs/truth').mkdir(parents=True)
    checkpoint = Path('work_dirs/truth/iter_2.pth')
    state = dict(weight=torch.zeros(1))
    torch.save(dict(state_dict=state, meta=dict(dataset_meta=META)), checkpoint)
    Path('work_dirs/truth/last_checkpoint').write_text(str(checkpoint))
    cv2.imwrite('street.png', picture_of_truth(np.full((24, 40), 9)))
    return tmp_path


def failed(capsys, *words) -> str:
    """The message with which the command ends."""
    with pytest.raises(SystemExit) as stop:
        main(['predict', *words])
    return f'{stop.value.code} {capsys.readouterr().err}'


@pytest.mark.parametrize('checkpoint', [[], ['work_dirs/truth/iter_2.pth']])
def test_a_picture_is_predicted_with_the_given_or_the_latest_checkpoint(
    place, capsys, checkpoint
):
    model = ['--model', 'truth.py', *checkpoint]

    assert main(['predict', 'street.png', *model, '--out', 'out']) == 0

    assert '1 images are predicted in out' in capsys.readouterr().out
    assert Path('out/overlay/street.jpg').is_file()
    assert Path('out/classes/street.csv').is_file()


def test_a_corrupt_image_is_counted_and_changes_the_exit_code(place, capsys):
    Path('bad.png').write_bytes(b'none')

    flags = ['--model', 'truth.py', '--out', 'out', '--no-tables', '--no-overlay']
    assert main(['predict', 'bad.png', 'street.png', *flags]) == 3

    printed = capsys.readouterr()
    assert '1 images are predicted' in printed.out
    assert '1 could not be read and are skipped, the first is bad.png' in printed.err
    assert [path.name for path in Path('out').iterdir() if path.is_dir()] == [
        'predictions.panoptic'
    ]


def test_without_a_model_two_ways_to_one_are_named(place, capsys):
    message = failed(capsys, 'street.png', '--out', 'out')

    assert 'street.png is no scene of the demo' in message
    assert 'train one on your data' in message
    assert 'convert a published checkpoint' in message


def test_mistakes_are_messages_that_name_what_is_wrong(place, capsys):
    for words, message in (
        (['none.png', '--model', 'truth.py'], 'none.png does not exist'),
        (['street.png', '--model', 'none.py'], 'none.py'),
        (['--model', 'truth.py', 'a.pth', 'street.png'], 'required: IN'),
        (['street.png', '--model', 'truth.py', 'a', 'b'], 'other words stand before'),
    ):
        assert message in failed(capsys, *words, '--out', 'out')
    Path('work_dirs/truth/last_checkpoint').unlink()
    message = failed(capsys, 'street.png', '--model', 'truth.py', '--out', 'out')
    assert 'work_dirs/truth has no checkpoint' in message


def test_a_scene_of_the_demo_is_predicted_with_the_model_of_the_demo(place, capsys):
    generate_scenes('data/scenes', num_train=0, num_val=1, workers=1)
    scene = ['data/scenes/images/val/000000.png', '--out', 'out']

    assert 'base + PISR has no checkpoint' in failed(capsys, *scene)

    folder = DEMO_DIR / DEMO_MODEL
    folder.mkdir(parents=True)
    model = MODELS.build(Config.fromfile(REPO / DEMO_CONFIG).model)
    state = dict(state_dict=model.state_dict(), meta=dict(dataset_meta=META))
    torch.save(state, folder / 'iter_1200.pth')
    (folder / 'last_checkpoint').write_text(str(folder / 'iter_1200.pth'))
    assert main(['predict', *scene, '--device', 'cpu']) == 0
    assert Path('out/overlay/000000.jpg').is_file()


def test_help_loads_no_torch_and_lists_every_command(place):
    code = """
import sys
from mmpisr.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    assert not {'torch', 'mmdet'} & {*sys.modules}
"""
    for words in (['--help'], ['predict', '--help']):
        command = [sys.executable, '-c', code, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert 'usage: mmpisr' in done.stdout
        if words == ['--help']:
            assert all(f'  {name} ' in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_an_error_that_lists_the_known(capsys):
    with pytest.raises(SystemExit):
        main(['fly'])

    message = capsys.readouterr().err
    assert all(name in message for name in COMMANDS)


MANY = """
import resource, sys
import numpy as np
import truth_model
from mmengine.config import Config
from mmpisr import PanopticInferencer
from mmpisr.apis.image_source import ImageSource, NamedImage

def images(count):
    for number in range(count):
        truth = np.full((24, 480), 9)  # as wide as a picture that is not enlarged
        truth[:20, :30] = 1000 + number % 8
        yield truth_model.picture_of_truth(truth)

def peak(count):
    named = (NamedImage(f'{i:06}', image) for i, image in enumerate(images(count)))
    source = ImageSource(named, count)
    assert inferencer.save(source, sys.argv[2], batch_size=4).written == count
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

inferencer = PanopticInferencer(Config(truth_model.config()), sys.argv[1], device='cpu')
few, many = peak(100), peak(1000)
print(f'peak memory {few} kB after 100 images, {many} kB after 1000')
assert many <= 1.05 * few
"""


@pytest.mark.slow
def test_a_thousand_images_need_no_more_memory_than_a_hundred(place):
    checkpoint = 'work_dirs/truth/iter_2.pth'
    command = [sys.executable, '-c', MANY, checkpoint, 'out']
    path = ':'.join([str(REPO), str(REPO / 'tests/support'), *sys.path])

    env = dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1')
    subprocess.run(command, check=True, env=env)
