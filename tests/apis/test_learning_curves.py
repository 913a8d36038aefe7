import json

from mmpisr.apis.learning_curves import (
    curve_table,
    draw_curves,
    read_curve,
    read_curves,
)


def write_log(folder, *entries):
    folder = folder / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps(entry) for entry in entries]
    (folder / 'scalars.json').write_text('\n'.join(lines) + '\n')


def test_a_resumed_training_has_one_curve(tmp_path):
    write_log(
        tmp_path / '20260101_000000',
        dict(iter=50, loss=1.0, step=50),
        {'coco_panoptic/PQ': 10.0, 'coco_panoptic/SQ': 70.0, 'step': 100},
    )
    write_log(tmp_path / '20260102_000000', {'coco_panoptic/PQ': 20.0, 'step': 200})

    assert read_curve(tmp_path) == {100: 10.0, 200: 20.0}
    assert read_curve(tmp_path, metric='SQ') == {100: 70.0}


def test_each_validated_figure_has_a_curve(tmp_path):
    write_log(
        tmp_path / '1',
        dict(iter=50, loss=1.0, step=50),
        {'coco_panoptic/PQ': 10.0, 'reweighting/present/car': 0.5, 'step': 100},
    )
    with (tmp_path / '1/vis_data/scalars.json').open('a') as log:
        log.write('{"coco_panoptic/PQ": 20.0, "st')  # killed

    assert read_curves(tmp_path) == {'PQ': {100: 10.0}, 'present/car': {100: 0.5}}


def test_a_folder_without_logs_has_an_empty_curve(tmp_path):
    assert read_curve(tmp_path) == {}


def test_the_table_marks_iterations_that_a_training_lacks():
    rows = curve_table({'a': {100: 1.25, 200: 2.0}, 'b': {200: 3.0}}).splitlines()

    assert rows[0] == '| PQ after iteration | 100 | 200 |'
    assert rows[2:] == ['| a | 1.2 | 2.0 |', '| b | - | 3.0 |']


def test_the_drawing_has_a_panel_a_family(tmp_path):
    path = tmp_path / 'curves.svg'

    draw_curves({'fpn': {'base': {1: 5.0}}, 'deeplab': {'base': {1: 7.0}}}, path)

    assert path.read_text().startswith('<?xml')
