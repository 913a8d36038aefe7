import json

from mmpisr.apis.training_log import iterations_done


def write_log(folder, *entries):
    folder = folder / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps(entry) for entry in entries]
    (folder / 'scalars.json').write_text('\n'.join(lines) + '\n')


def test_a_half_written_line_is_no_iteration(tmp_path):
    write_log(tmp_path / '1', dict(iter=50), {'coco_panoptic/PQ': 1.0, 'step': 50})
    with (tmp_path / '1/vis_data/scalars.json').open('a') as log:
        log.write('{"iter": 1')

    assert iterations_done(tmp_path) == 50


def test_no_iteration_is_done_before_the_first_line(tmp_path):
    assert iterations_done(tmp_path) == 0
