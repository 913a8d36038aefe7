"""A checkpoint's classes and layers against the data and the model, in real runs."""

from pathlib import Path

import pytest
import torch

from mmpisr.apis import launch
from mmpisr.engine.hooks.panoptic_class_check_hook import check_checkpoint_classes

TOY = str(Path(__file__).parents[2] / 'support' / 'toy_config.py')


@pytest.fixture(scope='module')
def trained(tmp_path_factory) -> Path:
    work_dir = tmp_path_factory.mktemp('trained')
    launch.train([TOY, '--work-dir', str(work_dir)])
    return work_dir / 'iter_2.pth'


@pytest.fixture
def changed(trained, tmp_path):
    """Write the checkpoint again after a function has changed it."""

    def change(function) -> str:
        checkpoint = torch.load(trained, weights_only=False)
        function(checkpoint)
        torch.save(checkpoint, tmp_path / 'changed.pth')
        return str(tmp_path / 'changed.pth')

    return change


def other_classes(checkpoint):
    checkpoint['meta']['dataset_meta']['classes'] = ('two',)


def other_shape(checkpoint):
    checkpoint['state_dict']['weight'] = torch.zeros(3)


def other_layers(checkpoint):
    checkpoint['state_dict'] = {'old.head.weight': torch.zeros(1)}


def no_classes(checkpoint):
    del checkpoint['meta']['dataset_meta']


REFUSALS = [
    (other_classes, r"class 0 is 'two' in .*changed.pth, but 'one' in a ToyDataset"),
    (other_shape, r'changed.pth .* of another shape \(weight \(3,\) against \(1,\)'),
    (other_layers, r'missing in it \(weight\); 1 that the model lacks \(old\.head\)'),
]


@pytest.mark.parametrize(('change', 'message'), REFUSALS)
def test_a_test_stops_at_classes_and_layers_that_differ(
    changed, tmp_path, change, message
):
    with pytest.raises(ValueError, match=message):
        launch.evaluate([TOY, changed(change), '--work-dir', str(tmp_path)])


@pytest.mark.parametrize(('change', 'message'), REFUSALS)
def test_resuming_stops_at_classes_and_layers_that_differ(
    changed, tmp_path, change, message
):
    flags = ['--resume', changed(change), '--work-dir', str(tmp_path)]
    with pytest.raises(ValueError, match=message):
        launch.train([TOY, *flags, '--cfg-options', 'train_cfg.max_iters=3'])


def test_resuming_the_latest_names_its_file(changed, tmp_path):
    path = changed(other_classes)
    (tmp_path / 'last_checkpoint').write_text(path)

    with pytest.raises(ValueError, match=r"'two' in .*changed.pth"):
        launch.train([TOY, '--work-dir', str(tmp_path), '--resume'])


@pytest.mark.parametrize('change', [other_classes, other_shape])
def test_fine_tuning_on_other_classes_trains_and_says_what_starts_fresh(
    changed, tmp_path, change
):
    path = changed(change)

    options = [f'load_from={path}', f'experiment_name={tmp_path.name}']
    launch.train([TOY, '--work-dir', str(tmp_path), '--cfg-options', *options])

    log = next(tmp_path.rglob('*.log')).read_text()
    told = {
        other_classes: "class 0 is 'two'",
        other_shape: 'weight: (3,) against (1,) in the model',
    }
    assert told[change] in log
    assert (tmp_path / 'iter_2.pth').is_file()


def test_a_checkpoint_without_classes_is_tested_with_a_warning(changed, tmp_path):
    flags = ['--work-dir', str(tmp_path), '--cfg-options']
    name = f'experiment_name={tmp_path.name}'  # runs of one name and second share a log
    launch.evaluate([TOY, changed(no_classes), *flags, name])

    log = next(tmp_path.rglob('*.log')).read_text()
    assert "has no meta['dataset_meta']: only class counts are compared" in log


def meta(*names, things=()):
    return dict(classes=names, thing_classes=things)


def checked(first, second, *, tuned):
    checkpoint = dict(meta=dict(dataset_meta=first))
    check_checkpoint_classes('a.pth', checkpoint, [('b.json', second)], tuned=tuned)


@pytest.mark.parametrize('tuned', [True, False])
def test_the_same_classes_in_another_order_stop_and_say_how_to_order_them(tuned):
    with pytest.raises(
        ValueError, match=r"classes=\['a', 'b'\] is its order; `classes`"
    ):
        checked(meta('a', 'b'), meta('b', 'a'), tuned=tuned)


def test_another_order_stops_where_the_checkpoint_does_not_say_what_things_are():
    with pytest.raises(ValueError, match="class 0 is 'a'"):
        checked(dict(classes=('a', 'b')), meta('b', 'a'), tuned=True)


def test_other_classes_may_be_fine_tuned_and_not_tested():
    checked(meta('a', 'b'), meta('b', 'c'), tuned=True)
    with pytest.raises(ValueError, match="class 0 is 'a' .* in a.pth, but 'b'"):
        checked(meta('a', 'b'), meta('b', 'c'), tuned=False)


def test_a_checkpoint_of_a_concatenation_is_compared_by_its_first_part():
    with pytest.raises(ValueError, match="class 0 is 'a'"):
        checked([meta('a'), meta('a')], meta('b'), tuned=False)
