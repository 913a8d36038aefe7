import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from mmengine.visualization import LocalVisBackend

from mmpisr.registry import VISUALIZERS
from mmpisr.visualization import side_by_side

META = dict(classes=['car', 'sky'], palette=[(200, 0, 0), (0, 0, 200)])
IMAGE = np.full((30, 40, 3), 90, np.uint8)


def make_sample() -> DetDataSample:
    sample = DetDataSample()
    sample.gt_panoptic_seg = PixelData(sem_seg=torch.ones(1, 30, 40).long())
    prediction = torch.ones(1, 30, 40).long()
    prediction[:, :10] = 1000
    sample.pred_panoptic_seg = PixelData(sem_seg=prediction)
    return sample


def build(name, **options):
    visualizer = VISUALIZERS.build(
        dict(type='mmpisr.PanopticVisualizer', name=name, **options)
    )
    visualizer.dataset_meta = META
    return visualizer


def test_truth_and_prediction_stand_beside_the_image_in_the_file(tmp_path):
    sample, path = make_sample(), tmp_path / 'drawn.png'

    build('file').add_datasample('a', IMAGE, sample, out_file=str(path))

    maps = {
        'truth': sample.gt_panoptic_seg.sem_seg[0].numpy(),
        'prediction': sample.pred_panoptic_seg.sem_seg[0].numpy(),
    }
    expected = side_by_side(IMAGE, maps, META)
    np.testing.assert_array_equal(mmcv.imread(path, channel_order='rgb'), expected)


def test_the_truth_can_be_left_out(tmp_path):
    path = tmp_path / 'drawn.png'
    visualizer = build('left-out')

    visualizer.add_datasample('a', IMAGE, make_sample(), out_file=str(path))
    both = mmcv.imread(path)
    visualizer.add_datasample(
        'a', IMAGE, make_sample(), draw_gt=False, out_file=str(path)
    )

    assert mmcv.imread(path).shape[1] < both.shape[1]


def test_without_a_file_the_backends_get_the_picture(tmp_path):
    visualizer = build(
        'backend', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path)
    )
    assert isinstance(visualizer.get_backend('LocalVisBackend'), LocalVisBackend)

    visualizer.add_datasample('a', IMAGE, make_sample(), step=3)

    assert (tmp_path / 'vis_data' / 'vis_image' / 'a_3.png').is_file()
