from types import SimpleNamespace

import mmcv
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

from mmpisr.engine.hooks import PanopticVisualizationHook
from mmpisr.visualization import PanopticVisualizer

NAMES = ('cam1/f0.jpg', 'cam 2/f0.jpg', 'ünï/f0.jpg')


@pytest.fixture
def runner(tmp_path) -> SimpleNamespace:
    """A test set of three images of one name."""
    paths = [str(tmp_path / name) for name in NAMES]
    for shade, path in zip((30, 90, 200), paths, strict=True):
        mmcv.imwrite(np.full((6, 8, 3), shade, np.uint8), path)

    class Images(list):
        def get_data_info(self, index: int) -> dict:
            return dict(img_path=self[index])

    return SimpleNamespace(
        work_dir=str(tmp_path),
        timestamp='now',
        paths=paths,
        test_dataloader=SimpleNamespace(dataset=Images(paths)),
    )


def test_images_of_one_name_are_drawn_into_files_of_their_own(runner):
    visualizer = PanopticVisualizer.get_instance('drawing')
    visualizer.dataset_meta = dict(classes=['car', 'sky'])
    hook = PanopticVisualizationHook(draw=True, test_out_dir='drawn')

    hook.before_test(runner)
    for path in runner.paths:
        sample = DetDataSample(metainfo=dict(img_path=path))
        sample.pred_panoptic_seg = PixelData(sem_seg=torch.ones(1, 6, 8).long())
        hook.after_test_iter(runner, 0, {}, [sample])

    drawn = f'{runner.work_dir}/now/drawn'
    shades = [mmcv.imread(f'{drawn}/{name}').mean() for name in NAMES]
    assert shades == sorted({*shades})


def test_a_hook_that_does_not_draw_looks_at_nothing(runner):
    hook = PanopticVisualizationHook()

    hook.before_test(runner)
    hook.after_test_iter(runner, 0, {}, [DetDataSample()])

    assert not hook.draw
