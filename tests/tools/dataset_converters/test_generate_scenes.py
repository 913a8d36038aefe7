"""Writing scenes: same bytes, complete or not at all, COCO panoptic."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import generate_scenes as tool
import numpy as np
import pytest
from generate_scenes import generate_scenes

from mmpisr.datasets.segment_png import decode_segment_ids

SMALL = dict(num_train=3, num_val=1, size=(32, 48), workers=1)


@pytest.fixture(scope='module')
def scenes_root(tmp_path_factory) -> Path:
    """Six training and two validation scenes, 64 x 96."""
    root = tmp_path_factory.mktemp('scenes')
    generate_scenes(root, num_train=6, num_val=2, size=(64, 96), workers=1)
    return root


@pytest.fixture(scope='module')
def scenes_json(scenes_root) -> dict:
    """Content of the training json."""
    return json.loads((scenes_root / 'annotations/panoptic_train.json').read_text())


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob('*') if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_same_seed_same_bytes_whatever_the_number_of_processes(tmp_path):
    generate_scenes(tmp_path / 'a', **SMALL)
    generate_scenes(tmp_path / 'b', **SMALL | dict(workers=2))
    generate_scenes(tmp_path / 'c', **SMALL, seed=1)

    first = contents(tmp_path / 'a')
    assert len(first) == 2 * 4 + 2 * 2
    assert first == contents(tmp_path / 'b')
    assert first != contents(tmp_path / 'c')


def test_a_longer_dataset_begins_with_the_same_scenes(tmp_path, scenes_root):
    generate_scenes(tmp_path, num_train=2, num_val=1, size=(64, 96), workers=1)

    shorter, longer = contents(tmp_path), contents(scenes_root)
    pngs = [name for name in shorter if name.endswith('.png')]
    assert [shorter[name] for name in pngs] == [longer[name] for name in pngs]


def test_the_json_describes_the_pngs(scenes_root, scenes_json):
    for annotation in scenes_json['annotations']:
        png = scenes_root / 'annotations/panoptic_train' / annotation['file_name']
        ids = decode_segment_ids(png.read_bytes())
        segments = annotation['segments_info']
        assert set(np.unique(ids)) - {0} == {segment['id'] for segment in segments}
        for segment in segments:
            x, y, width, height = cv2.boundingRect(
                (ids == segment['id']).astype(np.uint8)
            )
            assert segment['bbox'] == [x, y, width, height]
            assert segment['area'] == (ids == segment['id']).sum()


def test_things_come_first(scenes_json):
    flags = [category['isthing'] for category in scenes_json['categories']]

    assert flags == [1] * 8 + [0] * 11


def test_a_finished_dataset_is_kept(tmp_path, monkeypatch):
    generate_scenes(tmp_path, **SMALL)
    monkeypatch.setattr(tool, 'draw_scene', None)

    generate_scenes(tmp_path, **SMALL)


def test_other_parameters_are_refused_naming_both(tmp_path):
    generate_scenes(tmp_path, **SMALL)

    with pytest.raises(ValueError, match=r"train\.json: .*seed': 0.*seed': 5"):
        generate_scenes(tmp_path, **SMALL, seed=5)


def test_an_interrupted_run_leaves_no_json_and_goes_on(tmp_path, monkeypatch):
    draw = tool.draw_scene

    def stop_at_the_third(seed, size):
        if seed[-1] == 2:
            raise KeyboardInterrupt
        return draw(seed, size)

    monkeypatch.setattr(tool, 'draw_scene', stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        generate_scenes(tmp_path, **SMALL)
    assert not [*tmp_path.rglob('*.json')]

    monkeypatch.setattr(tool, 'draw_scene', draw)
    generate_scenes(tmp_path / 'whole', **SMALL)
    whole = contents(tmp_path / 'whole')
    shutil.rmtree(tmp_path / 'whole')
    generate_scenes(tmp_path, **SMALL)
    assert contents(tmp_path) == whole


def test_a_split_that_lost_a_file_is_made_again(tmp_path):
    generate_scenes(tmp_path, **SMALL)
    before = contents(tmp_path)
    (tmp_path / 'images/train/000001.png').unlink()

    generate_scenes(tmp_path, **SMALL)

    assert contents(tmp_path) == before


def test_a_truncated_json_is_named(tmp_path):
    generate_scenes(tmp_path, **SMALL)
    path = tmp_path / 'annotations/panoptic_val.json'
    path.write_text(path.read_text()[:100])

    with pytest.raises(ValueError, match=r'panoptic_val\.json: not a complete json'):
        generate_scenes(tmp_path, **SMALL)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(size=(16, 200)), 'size is 16 x 200, both must be >= 32'),
        (dict(num_train=-1), 'num_train must not be negative, got -1'),
        (dict(seed=-3), 'seed must not be negative, got -3'),
        (dict(workers=0), 'workers must be at least 1, got 0'),
    ],
)
def test_an_argument_out_of_range_is_named(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        generate_scenes(tmp_path, **SMALL | change)


def test_a_split_may_be_empty(tmp_path):
    generate_scenes(tmp_path, **SMALL | dict(num_train=0))

    found = json.loads((tmp_path / 'annotations/panoptic_train.json').read_text())
    assert found['images'] == []


def test_the_command_line_gives_what_the_function_gives(repo, tmp_path, monkeypatch):
    script = str(repo / 'tools/dataset_converters/generate_scenes.py')
    options = [
        '--num-train',
        '3',
        '--num-val',
        '1',
        '--size',
        '32',
        '48',
        '--workers',
        '1',
    ]
    monkeypatch.setattr(sys, 'argv', [script, '--out', str(tmp_path / 'a'), *options])
    runpy.run_path(script, run_name='__main__')
    generate_scenes(tmp_path / 'b', **SMALL)

    assert contents(tmp_path / 'a') == contents(tmp_path / 'b')
