"""The command: exit status, tables, grouped problems."""

import pytest

from mmpisr.datasets.json_checks.problem import error, warning
from mmpisr.datasets.validation.command import main
from mmpisr.datasets.validation.report import problem_list

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
