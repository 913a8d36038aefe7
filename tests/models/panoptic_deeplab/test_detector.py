import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

from mmpisr.models.panoptic_deeplab import PanopticDeepLabMaps
from mmpisr.registry import MODELS


def config(**head):
    return dict(
        type='mmpisr.PanopticDeepLab',
        data_preprocessor=dict(
            type='mmdet.DetDataPreprocessor',
            mean=[0, 0, 0],
            std=[255, 255, 255],
            pad_size_divisor=16,
        ),
        backbone=dict(
            type='mmseg.ResNetV1c',
            depth=18,
            base_channels=8,
            stem_channels=8,
            strides=(1, 2, 2, 1),
            dilations=(1, 1, 1, 2),
            out_indices=(0, 1, 3),
        ),
        neck=dict(
            type='mmpisr.DualDecoder',
            in_channels=(8, 16, 64),
            semantic=dict(out_channels=16, aspp_channels=8),
            instance=dict(out_channels=8, aspp_channels=8),
        ),
        panoptic_head={
            'type': 'mmpisr.PanopticDeepLabHead',
            'num_things_classes': 3,
            'num_stuff_classes': 2,
            'semantic_channels': 16,
            'instance_channels': 8,
            **head,
        },
        test_cfg=dict(stuff_area_limit=16),
    )


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = MODELS.build(config())
    model.init_weights()
    return model


def make_sample(height, width, original):
    size = (height, width)
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=original))
    sample.gt_sem_seg = PixelData(sem_seg=torch.randint(5, (1, *size)))
    sample.gt_panoptic_deeplab = PixelData(
        semantic_weights=torch.ones(1, *size),
        center=torch.rand(1, *size),
        center_weights=torch.ones(1, *size),
        offset=torch.rand(2, *size),
        offset_weights=torch.ones(1, *size),
    )
    return sample


def make_batch():
    """Two images of different size, of which one is padded."""
    sizes = [(60, 40), (64, 48)]
    return dict(
        inputs=[torch.randint(256, (3, *s), dtype=torch.uint8) for s in sizes],
        data_samples=[make_sample(*s, (120, 80)) for s in sizes],
    )


def test_one_training_step_reaches_every_parameter(model):
    data = model.data_preprocessor(make_batch(), training=True)

    losses = model(**data, mode='loss')
    sum(losses.values()).backward()

    assert losses.keys() == {'loss_semantic', 'loss_center', 'loss_offset'}
    assert [n for n, p in model.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_training_lowers_the_loss(model):
    data = model.data_preprocessor(make_batch(), training=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    totals = []
    for _ in range(5):
        total = sum(model(**data, mode='loss').values())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < totals[0]


def test_results_lie_on_the_samples_at_original_size(model):
    samples = model.eval().test_step(make_batch())

    assert len(samples) == 2
    for sample in samples:
        assert sample.pred_panoptic_seg.sem_seg.shape == (1, 120, 80)
        assert sample.pred_sem_seg.scores.shape == (5, 120, 80)
        assert 'masks' not in sample.pred_instances


def test_tensor_mode_gives_the_maps_at_stride_4(model):
    maps = model(torch.randn(2, 3, 64, 48))

    assert isinstance(maps, PanopticDeepLabMaps)
    assert maps.size == (16, 12)


def test_a_batch_of_equal_sizes_gives_what_single_images_give(model):
    images = torch.randn(2, 3, 64, 48)
    model.eval()
    batched = model(images)
    for index in range(2):
        for alone, together in zip(
            model(images[index : index + 1]), batched.image(index), strict=True
        ):
            torch.testing.assert_close(alone, together)


def test_half_precision_on_the_cpu_gives_float32_losses(model):
    data = model.data_preprocessor(make_batch(), training=True)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(**data, mode='loss')
    assert {loss.dtype for loss in losses.values()} == {torch.float32}
    assert all(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize(('part', 'channels'), [('semantic', 16), ('instance', 8)])
def test_channels_that_differ_between_neck_and_head_are_named(part, channels):
    message = rf'neck\.{part}\.out_channels is {channels}, but .*{part}_channels is 99;'
    with pytest.raises(ValueError, match=message):
        MODELS.build(config(**{f'{part}_channels': 99}))


def test_a_head_of_its_own_test_cfg_keeps_it():
    own = MODELS.build(config(test_cfg=dict(top_k=3))).panoptic_head.test_cfg
    shared = MODELS.build(config()).panoptic_head.test_cfg
    assert (own, shared) == (dict(top_k=3), dict(stuff_area_limit=16))
