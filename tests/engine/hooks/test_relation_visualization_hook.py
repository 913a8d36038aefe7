"""Pictures of validation images, read back from every backend."""

import glob
from importlib.util import find_spec
from types import SimpleNamespace

import cv2
import pytest
import tiny_hosts
from mmengine.config import Config
from mmengine.runner import get_priority
from mmengine.visualization import MLflowVisBackend, Visualizer

from mmpisr.datasets import PanopticScenes
from mmpisr.registry import HOOKS
from mmpisr.visualization import add_picture

PATHS = [f'/data/{folder}/f{i}.png' for folder in 'ab' for i in range(2)]
STEP = 7


class Dataset:
    """Four images."""

    metainfo = PanopticScenes.METAINFO

    def __len__(self):
        return len(PATHS)

    def get_data_info(self, index):
        return dict(img_path=PATHS[index])


def build(**options):
    return HOOKS.build(dict(type='mmpisr.RelationVisualizationHook', **options))


def needs(package):
    reason = f'{package} is not installed'
    return pytest.mark.skipif(find_spec(package) is None, reason=reason)


@pytest.fixture(scope='module')
def model():
    return tiny_hosts.build('panoptic-deeplab', host=True).eval()


def runner_of(model, folder, *backends):
    kinds = [dict(type=backend) if isinstance(backend, str) else backend
             for backend in backends]  # fmt: skip
    visualizer = Visualizer(vis_backends=kinds, save_dir=str(folder))
    loader = SimpleNamespace(dataset=Dataset())
    return SimpleNamespace(
        model=model, visualizer=visualizer, val_dataloader=loader, val_loop=1, iter=STEP
    )


def validate(hook, runner, folder, *others):
    """One validation of two batches, each of two images of two sizes."""
    hooks = sorted([hook, *others], key=lambda one: get_priority(one.priority))
    hook.before_train(runner)
    for one in hooks:
        one.before_val_epoch(runner)
    for first in (0, 2):
        batch = tiny_hosts.make_batch('panoptic-deeplab', (64, 96), (50, 70))
        for index, sample in enumerate(batch['data_samples']):
            pixels = batch['inputs'][index].permute(1, 2, 0).numpy()
            sample.set_metainfo(dict(img_path=PATHS[first + index], frame='RGB'))
            cv2.imwrite(str(folder / f'{first + index}.png'), pixels)
        for one in hooks:
            one.before_val_iter(runner, first // 2, batch)
        outputs = runner.model.test_step(batch)
        for one in hooks:
            one.after_val_iter(runner, first // 2, batch, outputs)
    for one in hooks:
        one.after_val_epoch(runner, {})


@pytest.fixture
def readable(monkeypatch, tmp_path):
    """Read the images of the data set from a folder."""
    path = 'mmpisr.visualization.panoptic_visualizer.fileio.get'
    own = {p: str(tmp_path / f'{i}.png') for i, p in enumerate(PATHS)}
    monkeypatch.setattr(path, lambda p: open(own[p], 'rb').read())  # noqa: SIM115


def test_chosen_images_of_a_padded_batch_are_drawn(model, tmp_path, readable):
    runner = runner_of(model, tmp_path, 'LocalVisBackend')
    validate(build(images=[0, 'b/f0.png'], classes=['carpet']), runner, tmp_path)

    drawn = sorted(p.stem for p in (tmp_path / 'vis_data' / 'vis_image').iterdir())
    assert drawn == [
        f'{kind}_{name}_{STEP}'
        for kind in ('centers', 'classes')
        for name in ('a-f0', 'b-f0')
    ]


def test_the_reweighting_scores_are_still_logged(model, tmp_path, readable):
    runner = runner_of(model, tmp_path, 'LocalVisBackend')
    scores = HOOKS.build(dict(type='mmpisr.ReweightingScoresHook'))

    validate(build(images=[0, 3]), runner, tmp_path, scores)

    logged = (tmp_path / 'vis_data' / 'scalars.json').read_text()
    assert 'reweighting/mean' in logged
    assert not scores._warned


@needs('tensorboard')
def test_tensorboard_has_the_pictures(model, tmp_path, readable):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    runner = runner_of(model, tmp_path, 'TensorboardVisBackend')
    validate(build(), runner, tmp_path)
    runner.visualizer.close()

    events = EventAccumulator(str(tmp_path / 'vis_data')).Reload()
    assert sorted(events.Tags()['images']) == ['centers_f0', 'classes_f0']
    (event,) = events.Images('classes_f0')
    assert (event.step, event.width > 1000) == (STEP, True)


@pytest.mark.slow
@needs('wandb')
def test_weights_and_biases_has_the_pictures_offline(
    model, tmp_path, readable, monkeypatch
):
    monkeypatch.setenv('WANDB_ERROR_REPORTING', 'false')
    backend = dict(type='WandbVisBackend', init_kwargs=dict(mode='offline'))
    runner = runner_of(model, tmp_path, backend)
    validate(build(), runner, tmp_path)
    runner.visualizer.close()

    found = glob.glob(
        f'{tmp_path}/**/offline-run-*/**/media/images/*.png', recursive=True
    )
    assert sorted(p.rpartition('/')[2].split('_f0')[0] for p in found) == [
        'centers',
        'classes',
    ]
    assert all(cv2.imread(path).shape[1] > 1000 for path in found)


@pytest.mark.slow
@needs('mlflow')
def test_the_file_store_of_mlflow_has_the_pictures(
    model, tmp_path, readable, monkeypatch
):
    monkeypatch.setenv('MLFLOW_ALLOW_FILE_STORE', 'true')
    monkeypatch.setenv('MLFLOW_DISABLE_TELEMETRY', 'true')
    runner = runner_of(model, tmp_path, 'MLflowVisBackend')
    runner.visualizer.add_config(Config(dict(work_dir=str(tmp_path))))
    validate(build(), runner, tmp_path)
    runner.visualizer.close()

    found = glob.glob(f'{tmp_path}/**/artifacts/*.png', recursive=True)
    assert sorted(p.rpartition('/')[2] for p in found) == [
        f'centers_f0_{STEP}.png',
        f'classes_f0_{STEP}.png',
    ]


def test_mlflow_gets_the_format_and_the_step_in_the_name(tmp_path):
    class Recorder(MLflowVisBackend):
        def add_image(self, name, image, step=0):
            self.name = name

    visualizer = SimpleNamespace(_vis_backends=dict(a=Recorder(str(tmp_path))))
    add_picture(visualizer, 'classes_a/f0', None, STEP)
    assert visualizer._vis_backends['a'].name == f'classes_a-f0_{STEP}.png'


@pytest.mark.parametrize('image', [4, -1, 'f0.png', 'c/f0.png', '0.png'])
def test_an_image_that_is_not_one_of_the_set_is_refused(model, tmp_path, image):
    runner = runner_of(model, tmp_path)
    with pytest.raises(ValueError, match=f'{image!r}, which is [02] of the 4'):
        build(images=[image]).before_train(runner)
