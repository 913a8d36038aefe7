"""Ours and mmdet's own inference functions, as users call them, on every family."""

from copy import deepcopy
from pathlib import Path

import mmcv
import numpy as np
import pytest
import tiny_hosts
import torch
from mmcv.transforms import Compose
from mmdet.apis import DetInferencer, inference_detector, init_detector
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import VISUALIZERS

from mmpisr import PanopticInferencer
from mmpisr.datasets import PanopticScenes

SIZE = (64, 96)
FAMILIES = ['panoptic-deeplab', 'panoptic-fpn', 'maskformer', 'mask2former']


@pytest.fixture(scope='module', params=FAMILIES)
def trained(request, tmp_path_factory) -> tuple[Config, str]:
    """A config and a checkpoint; the json of its data set is not there."""
    checkpoint = tmp_path_factory.mktemp('trained') / 'iter_1.pth'
    model = tiny_hosts.build(request.param, host=True)
    meta = PanopticScenes('not/there.json', lazy_init=True).metainfo
    torch.save(
        dict(state_dict=model.state_dict(), meta=dict(dataset_meta=meta)), checkpoint
    )
    return tiny_hosts.load_config(request.param, host=True), str(checkpoint)


@pytest.fixture
def images(tmp_path) -> list[str]:
    """Two images of one name in two folders."""
    pixels = tiny_hosts.make_results(SIZE, empty=True)['img']
    paths = [str(tmp_path / folder / 'f0.jpg') for folder in ('cam1', 'cam 2')]
    for path in paths:
        mmcv.imwrite(pixels, path)
    return paths


def files(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file()
    )


def test_the_inferencer_predicts_draws_and_saves(trained, images, tmp_path):
    config, checkpoint = trained
    inferencer = DetInferencer(config, checkpoint, device='cpu', show_progress=False)
    arrays = [mmcv.imread(path) for path in images]

    of_files = inferencer(images, out_dir=str(tmp_path / 'a'), return_vis=True)
    of_arrays = inferencer(arrays, out_dir=str(tmp_path / 'b'), no_save_pred=False)
    samples = inferencer(images[0], return_datasamples=True, print_result=True)

    assert [picture.shape for picture in of_files['visualization']] == [(*SIZE, 3)] * 2
    assert files(tmp_path / 'a') == ['vis/cam 2/f0.jpg', 'vis/f0.jpg']
    assert files(tmp_path / 'b' / 'preds') == [
        '0.json',
        '0_panoptic_seg.png',
        '1.json',
        '1_panoptic_seg.png',
    ]
    assert len(files(tmp_path / 'b' / 'vis')) == len(of_arrays['predictions']) == 2
    assert isinstance(samples['predictions'][0], DetDataSample)


def test_a_file_its_pixels_and_frames_of_a_video_give_one_answer(trained, images):
    config, checkpoint = trained
    model = init_detector(deepcopy(config), checkpoint, device='cpu')
    pixels = mmcv.imread(images[0])
    visualizer = VISUALIZERS.build(dict(model.cfg.visualizer, name=checkpoint))
    visualizer.dataset_meta = model.dataset_meta

    results = inference_detector(model, images)
    results.append(inference_detector(model, pixels))
    pipeline = model.cfg.test_dataloader.dataset.pipeline
    pipeline[0].type = 'mmdet.LoadImageFromNDArray'
    for _ in range(2):
        frame = inference_detector(model, pixels, test_pipeline=Compose(pipeline))
        visualizer.add_datasample('video', pixels, frame, draw_gt=False)
        results.append(frame)
        assert visualizer.get_image().shape == pixels.shape
        assert not np.array_equal(visualizer.get_image(), pixels)

    maps = [result.pred_panoptic_seg.sem_seg for result in results]
    assert all(torch.equal(found, maps[0]) for found in maps)
    assert model.dataset_meta['thing_classes'][0] in model.dataset_meta['classes']


def test_our_inferencer_agrees_in_batches_and_tiles_and_gives_the_slots(
    trained, images, tmp_path
):
    config, checkpoint = trained
    model = init_detector(deepcopy(config), checkpoint, device='cpu')
    other = np.ascontiguousarray(mmcv.imread(images[0])[:50, :70])
    pictures = [images[0], other]
    expected = [
        inference_detector(model, picture).pred_panoptic_seg.sem_seg[0].numpy()
        for picture in pictures
    ]
    inferencer = PanopticInferencer(config, checkpoint, device='cpu')

    single = [*inferencer(pictures)]
    padded = [*inferencer(pictures, batch_size=2)]
    (tiled,) = inferencer(images[0], tile=64, overlap=16, batch_size=2)
    done = inferencer.save(pictures, tmp_path / 'out', slots=True)

    for alone, together, truth in zip(single, padded, expected, strict=True):
        assert np.array_equal(alone.panoptic, truth)
        assert (alone.panoptic == together.panoptic).mean() > 0.99
        slots = alone.slots
        assert slots.heatmaps.shape == together.slots.heatmaps.shape
        assert slots.scores.shape == slots.filled.shape == slots.heatmaps.shape[:1]
        assert ((slots.scores >= 0) & (slots.scores <= 1)).all()
        assert (slots.scores[~slots.filled] == 0).all()
    assert tiled.panoptic.shape == SIZE
    assert tiled.slots is None
    assert done == (2, [])
    assert len(files(tmp_path / 'out/slots')) == 2
