"""Relations of 200 instances on the maps of 1024 x 2048 pixels."""

from contextlib import nullcontext

import pytest
import torch

from mmpisr.models import relations

CHANNELS, CLASSES, SLOTS = 384, 19, 200
SIZE = (256, 512)  # stride 4
RELATIONS = [
    relations.PISR,
    relations.OCRRelation,
    relations.ConvRelation,
    relations.ConcatRelation,
    relations.ProductRelation,
]


@pytest.mark.parametrize('cls', RELATIONS)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_features_and_gradients_are_finite(cls, dtype, device):
    torch.manual_seed(0)
    relation = cls(CHANNELS, num_classes=CLASSES, num_instances=SLOTS).to(device)
    feats = torch.randn(1, CHANNELS, *SIZE, device=device, requires_grad=True)
    probs = torch.randn(1, CLASSES, *SIZE, device=device).mul(3).softmax(dim=1)
    heatmaps = torch.rand(1, SLOTS, *SIZE, device=device)
    narrow = dtype != torch.float32

    with torch.autocast(device.type, dtype) if narrow else nullcontext():
        related = relation(feats, probs, heatmaps).feats
    related.float().square().mean().backward()

    assert related.isfinite().all()
    gradients = [feats.grad, *(p.grad for p in relation.parameters())]
    assert all(gradient.isfinite().all() for gradient in gradients)
