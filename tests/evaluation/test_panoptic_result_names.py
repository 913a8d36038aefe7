"""Which file holds the results of which image."""

import json

import numpy as np
import pytest
import torch

from mmpisr.evaluation import PanopticMetric

META = dict(classes=['cat', 'sky'], thing_classes=['cat'])
FILES = ['cam1/f0.jpg', 'cam 2/f0.jpg', 'ünï/f0.jpg']


@pytest.fixture
def unlabelled(tmp_path) -> str:
    """A json that lists three images of one name."""
    images = [
        dict(id=i, file_name=file, height=4, width=6) for i, file in enumerate(FILES)
    ]
    categories = [dict(id=7, name='cat', isthing=1), dict(id=9, name='sky', isthing=0)]
    path = tmp_path / 'list.json'
    path.write_text(json.dumps(dict(images=images, categories=categories)))
    return str(path)


def sample_of(index: int) -> dict:
    pred = torch.from_numpy(np.ones((1, 4, 6), dtype=np.int64))
    return dict(
        img_id=index,
        img_path=f'images/{FILES[index]}',
        pred_panoptic_seg=dict(sem_seg=pred),
    )


def write(metric: PanopticMetric) -> None:
    metric.dataset_meta = META
    metric.process({}, [sample_of(index) for index in range(len(FILES))])
    metric.evaluate(size=len(FILES))


def test_images_of_one_name_have_pngs_of_their_own(unlabelled, tmp_path):
    prefix = tmp_path / 'res'

    write(PanopticMetric(unlabelled, format_only=True, outfile_prefix=str(prefix)))

    entries = json.loads((tmp_path / 'res.panoptic.json').read_text())['annotations']
    assert [e['file_name'] for e in entries] == [f'{f[:-4]}.png' for f in FILES]
    assert [e['segments_info'][0]['category_id'] for e in entries] == [9, 9, 9]
    assert all((tmp_path / 'res.panoptic' / e['file_name']).is_file() for e in entries)


def test_without_the_list_of_images_one_png_for_two_is_refused(tmp_path):
    metric = PanopticMetric(format_only=True, outfile_prefix=str(tmp_path / 'res'))

    with pytest.raises(ValueError, match=r'f0\.png would hold .* ids 0 and 1: give'):
        write(metric)


def test_pngs_that_two_processes_share_are_refused_at_the_end(tmp_path):
    metric = PanopticMetric(format_only=True, outfile_prefix=str(tmp_path / 'res'))
    metric.dataset_meta = META
    of_others = dict(image_id=1, file_name='f0.png', segments_info=[])
    metric.process({}, [sample_of(0)])

    with pytest.raises(ValueError, match='ids 0 and 1'):
        metric.compute_metrics([*metric.results, dict(img_id=1, entry=of_others)])


def test_a_json_without_truth_is_not_scored_but_says_what_can_be_done(unlabelled):
    with pytest.raises(ValueError, match=r"list\.json: 'annotations' is .*--show-dir"):
        PanopticMetric(unlabelled)
