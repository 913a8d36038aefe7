import json

from mmpisr.studies.training_log import read_curves


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
