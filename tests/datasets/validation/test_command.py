"""The command: exit status, tables, grouped problems."""

import json
import re

import pytest

from mmpisr.datasets.validation.command import main, problem_list
from mmpisr.datasets.validation.problems import error, warning
from mmpisr.datasets.validation.sources import SPLITS

CONFIG = 'configs/_base_/datasets/scenes_panoptic.py'


@pytest.fixture
def run(scenes, repo, capsys):
    """Run the command on the config; gives the exit status and what was printed."""

    def call(*options, source=repo / CONFIG):
        moved = ['--cfg-options', f'data_root={scenes.root}']
        status = main(
            [str(source), '--workers', '1', *options]
            + (moved if str(source).endswith('.py') else [])
        )
        return status, capsys.readouterr().out

    return call


def add_unicorn(content):
    content['categories'].append(dict(id=99, name='unicorn', isthing=0))


def test_a_sound_config_exits_with_0_and_a_table_of_splits(run):
    status, text = run('--split', 'train')

    assert status == 0
    assert '| split | images | segments | things | stuff | crowd % | void % |' in text
    assert '| train | 6 ' in text
    assert '0 errors' in text


def test_an_error_exits_with_1(run, scenes):
    scenes.png.unlink()

    status, text = run('--split', 'train')

    assert status == 1
    assert 'error: missing files (1)' in text
    assert '1 errors' in text


def test_a_warning_exits_with_1_only_when_strict(run, scenes):
    scenes.spoil(add_unicorn)

    assert run(source=scenes.json_path)[0] == 0
    assert run('--strict', source=scenes.json_path)[0] == 1


def test_one_broken_split_does_not_stop_the_others(run, scenes):
    scenes.json_path.write_text('{')

    status, text = run()

    assert status == 1
    assert 'error: unreadable json (1)' in text
    assert '| val = test | 2 ' in text


def test_classes_get_a_table_on_demand(run, scenes):
    _, text = run('--split', 'train', '--classwise')

    assert '| category ' in text
    first = scenes.content()['categories'][0]['name']
    assert f'| {first} ' in text


def test_a_json_by_itself_says_that_images_were_not_read(run, scenes):
    _, text = run(source=scenes.json_path)

    assert 'panoptic_train: images were not read, give --img-prefix' in text


def test_folders_are_for_a_json_only(run, capsys):
    with pytest.raises(SystemExit, match='2'):
        run('--img-prefix', 'images')

    assert '--img-prefix is for a json' in capsys.readouterr().err


def test_problems_are_grouped_errors_first_and_cut():
    problems = [warning('w.json', 'order', 'is odd')]
    problems += [error(f'{i}.png', 'areas', 'wrong') for i in range(4)]

    assert problem_list(problems, limit=2).split('\n') == [
        'error: areas (4)',
        '  0.png: wrong',
        '  1.png: wrong',
        '  ... and 2 more (--max-problems)',
        'warning: order (1)',
        '  w.json: is odd',
    ]


def swap_two(content):
    listed = content['categories']
    listed[0], listed[1] = listed[1], listed[0]


def test_classes_in_another_order_than_in_other_splits_are_an_error(run, scenes):
    names = [c['name'] for c in scenes.content()['categories']][:2]
    scenes.spoil(swap_two)
    options = '--cfg-options', f'data_root={scenes.root}'
    datasets = [f'{n}_dataloader.dataset.type=mmpisr.PanopticDataset' for n in SPLITS]
    status, text = run(*options, *datasets)

    assert status == 1
    assert 'error: classes that differ (1)' in text
    assert re.search(rf"class 0 is '{names[1]}'.*train\.json, but '{names[0]}'", text)


def test_a_model_of_other_counts_is_an_error_of_the_config(run, repo):
    source = repo / 'configs/panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
    option = '--cfg-options', 'model.panoptic_head.num_things_classes=3'
    status, text = run('--split', 'val', *option, source=source)

    assert status == 1
    assert 'num_things_classes is 3, but the dataset has 8' in text


def test_a_metric_with_another_json_is_an_error(run, scenes):
    other = scenes.root / 'other.json'
    content = scenes.content()
    add_unicorn(content)
    other.write_text(json.dumps(content))
    status, text = run('--cfg-options', f'val_evaluator.ann_file={other}')

    assert status == 1
    assert 'other.json: val_evaluator: ' in text
    assert "is 'unicorn', but" in text


def test_warnings_are_of_the_chosen_classes_only(run, scenes):
    scenes.spoil(add_unicorn)
    choose = '--cfg-options', 'train_dataloader.dataset.classes=car,carpet'
    _, text = run('--classwise', '--split', 'train', *choose)

    assert 'unicorn' not in text
    assert '| carpet ' in text
    assert '0 errors' in text


def test_a_chosen_class_that_the_json_lacks_is_an_error(run):
    choose = '--cfg-options', 'train_dataloader.dataset.classes=car,unicorn'
    status, text = run('--split', 'train', *choose)

    assert status == 1
    assert "unknown are ['unicorn']; the categories are ['car'" in text
