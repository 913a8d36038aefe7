import mmcv
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from mmengine.visualization import LocalVisBackend

from mmpisr.registry import VISUALIZERS
from mmpisr.visualization import draw_panoptic, side_by_side

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


def test_the_image_that_is_got_is_the_prediction_in_the_size_of_the_image():
    visualizer = build('frames')

    visualizer.add_datasample('a', IMAGE, make_sample(), draw_gt=False)

    expected = draw_panoptic(
        IMAGE, make_sample().pred_panoptic_seg.sem_seg[0].numpy(), META, min_width=1
    )
    np.testing.assert_array_equal(visualizer.get_image(), expected)


def test_two_images_are_not_drawn_into_one_file_and_one_image_may_be_redrawn(tmp_path):
    visualizer, path = build('same-name'), tmp_path / 'f0.jpg'

    for image in ('/d/a/f0.jpg', '/d/b/f0.jpg', '/e/b/f0.jpg', '/d/a/f0.jpg'):
        sample = make_sample()
        sample.set_metainfo(dict(img_path=image))
        visualizer.add_datasample('a', IMAGE, sample, out_file=str(path))

    drawn = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob('*.jpg')}
    assert drawn == {'f0.jpg', 'b/f0.jpg', 'e/b/f0.jpg'}


def test_drawing_without_classes_says_how_to_set_them():
    visualizer = VISUALIZERS.build(dict(type='mmpisr.PanopticVisualizer', name='none'))

    with pytest.raises(ValueError, match=r'dataset_meta = model\.dataset_meta'):
        visualizer.add_datasample('a', IMAGE, make_sample())
