"""One image on each of two processes gives the gradients of both on one."""

from math import prod

import pytest
import torch
from relation_scenes import CHANNELS, CLASSES, RELATIONS, SLOTS, make_scene
from two_ranks import Gradients, summed_gradients

pytestmark = pytest.mark.slow  # two processes that import mmdet
SIZES = ((6, 8), (4, 5))  # both are padded to the first one


def gradients_of(images: list[int]) -> Gradients:
    """Gradients of every relation's summed output for these images."""
    scene = [maps.double()[images] for maps in make_scene()]
    pixels = torch.zeros(2, *SIZES[0], dtype=torch.bool)
    for mask, (height, width) in zip(pixels, SIZES, strict=True):
        mask[:height, :width] = True
    valid = torch.tensor([[True] * SLOTS, [True] + [False] * (SLOTS - 1)])
    found = {}
    for name, (cls, options) in RELATIONS.items():
        torch.manual_seed(0)
        relation = cls(CHANNELS, num_classes=CLASSES, num_instances=SLOTS, **options)
        relation.double().train()
        feats = relation(*scene, valid[images], pixels[images]).feats
        factors = torch.linspace(-1, 1, prod(feats.shape[1:]), dtype=feats.dtype)
        (feats * factors.view(feats.shape[1:]) * pixels[images, None]).sum().backward()
        found[name] = {name: p.grad for name, p in relation.named_parameters()}
    return found


@pytest.fixture(scope='module')
def of_two_processes(tmp_path_factory):
    return summed_gradients(__file__, 'gradients_of', tmp_path_factory.mktemp('ranks'))


@pytest.fixture(scope='module')
def of_one_process():
    return gradients_of([0, 1])


@pytest.mark.parametrize('name', RELATIONS)
def test_two_processes_sum_to_the_gradients_of_one(
    name, of_two_processes, of_one_process
):
    assert all(gradient.any() for gradient in of_one_process[name].values())
    torch.testing.assert_close(of_two_processes[name], of_one_process[name])
