import json

from mmpisr.apis.training_log import iterations_done, read_curves, training_time


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

    assert read_curves(tmp_path) == {'PQ': {100: 10.0, 200: 20.0}, 'SQ': {100: 70.0}}


def test_each_validated_figure_has_a_curve(tmp_path):
    write_log(
        tmp_path / '1',
        dict(iter=50, loss=1.0, step=50),
        {'coco_panoptic/PQ': 10.0, 'reweighting/present/car': 0.5, 'step': 100},
    )
    with (tmp_path / '1/vis_data/scalars.json').open('a') as log:
        log.write('{"coco_panoptic/PQ": 20.0, "st')  # killed

    assert read_curves(tmp_path) == {'PQ': {100: 10.0}, 'present/car': {100: 0.5}}


def test_a_folder_without_logs_has_no_curve(tmp_path):
    assert read_curves(tmp_path) == {}


def test_a_half_written_line_is_no_iteration(tmp_path):
    write_log(tmp_path / '1', dict(iter=50), {'coco_panoptic/PQ': 1.0, 'step': 50})
    with (tmp_path / '1/vis_data/scalars.json').open('a') as log:
        log.write('{"iter": 1')

    assert iterations_done(tmp_path) == 50


def test_no_iteration_is_done_before_the_first_line(tmp_path):
    assert iterations_done(tmp_path) == 0


def test_iterations_that_are_trained_twice_count_once(tmp_path):
    for name, lines in (
        ('1', [(10, 2.0), (20, 4.0)]),
        ('2', [(20, 1.0), (30, 3.0)]),
    ):
        log = tmp_path / name / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        text = [json.dumps(dict(iter=i, time=t)) for i, t in lines]
        log.write_text('\n'.join([*text, '{"coco_panoptic/PQ": 1, "step": 20}', '{"']))

    time = training_time(tmp_path)

    assert time.seconds == 10 * 2.0 + 10 * 1.0 + 10 * 3.0
    assert time.seconds_per_iteration == 2.0
    assert time.attempts == 2
