import torch

from mmpisr.models.heatmaps import class_maps

HEATMAPS = torch.tensor([[0.2, 0.9], [0.6, 0.1], [0.5, 0.4], [0.0, 0.0]]).view(
    1, 4, 1, 2
)
LABELS = torch.tensor([[2, 2, 0, 0]])  # the last slot is empty


def test_a_class_has_the_highest_of_its_instances_at_each_pixel():
    maps = class_maps(HEATMAPS, LABELS, num_classes=3)

    expected = torch.tensor([[0.5, 0.4], [0.0, 0.0], [0.6, 0.9]]).view(1, 3, 1, 2)
    assert torch.equal(maps, expected)


def test_the_gradient_goes_to_the_instance_that_was_highest():
    heatmaps = HEATMAPS.clone().requires_grad_()

    class_maps(heatmaps, LABELS, num_classes=3).sum().backward()

    taken = torch.tensor([[0.0, 1], [1, 0], [1, 1], [0, 0]]).view(1, 4, 1, 2)
    assert torch.equal(heatmaps.grad, taken)


def test_no_slot_leaves_every_class_empty():
    maps = class_maps(torch.zeros(2, 0, 3, 4), torch.zeros(2, 0).long(), num_classes=5)

    assert maps.shape == (2, 5, 3, 4)
    assert not maps.any()
