import torch

from mmpisr.models.panoptic_deeplab import PanopticDeepLabMaps


def constant_maps(height=4, width=6):
    return PanopticDeepLabMaps(
        torch.ones(2, 3, height, width),
        torch.ones(2, 1, height, width),
        torch.ones(2, 2, height, width),
    )


def test_offsets_are_rescaled_by_the_factor_of_their_axis():
    maps = constant_maps().resize((8, 18))

    assert maps.size == (8, 18)
    assert (maps.offset[:, 0] == 2).all()  # dy
    assert (maps.offset[:, 1] == 3).all()  # dx
    assert (maps.sem_logits == 1).all()
    assert (maps.center == 1).all()


def test_upsampling_by_the_stride_is_a_resize_to_the_input():
    for upsampled, resized in zip(
        constant_maps().upsample(4), constant_maps().resize((16, 24)), strict=True
    ):
        torch.testing.assert_close(upsampled, resized)


def test_a_crop_keeps_the_top_left_and_an_image_stays_a_batch():
    maps = constant_maps()
    maps.center[1, 0, :3, :2] = 5

    cropped = maps.image(1).crop((3, 2))

    assert cropped.center.shape == (1, 1, 3, 2)
    assert (cropped.center == 5).all()


def test_half_precision_becomes_float32():
    maps = PanopticDeepLabMaps(*(m.half() for m in constant_maps()))
    assert {m.dtype for m in maps.float()} == {torch.float32}
