"""A small seeded scene, and every relation built for it."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from mmpisr.models import relations

CHANNELS, CLASSES, SLOTS = 12, 5, 4
RELATIONS = {
    'pisr': (relations.PISR, {'channels': 8}),
    'pisr-without-reweighting': (relations.PISR, {'reweight': False, 'channels': 8}),
    'pisr-weighed-by-confidence': (
        relations.PISR,
        {'reweight_channels': 0, 'channels': 8},
    ),
    'pisr-literal': (
        relations.PISR,
        {
            'channels': 8,
            'normaliser': 'area',
            'center': False,
            'encoding_norm': False,
            'category_embedding': False,
            'confidence': False,
            'mix_slots': True,
            'scale_products': False,
            'fusion': 'replace',
        },
    ),
    'pisr-area-softmax': (
        relations.PISR,
        {'channels': 8, 'normaliser': 'area', 'attend': 'softmax'},
    ),
    'ocr': (relations.OCRRelation, {'channels': 8, 'key_channels': 4}),
    'concat': (relations.ConcatRelation, {}),
    'product': (relations.ProductRelation, {}),
    'conv': (relations.ConvRelation, {'channels': 8}),
}


class Scene(NamedTuple):
    """Inputs of a relation for a batch of two."""

    feats: Tensor
    sem_probs: Tensor
    heatmaps: Tensor


def make_scene(height: int = 6, width: int = 8, batch: int = 2) -> Scene:
    """Draw a scene from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    shape = (batch, CLASSES, height, width)
    return Scene(
        torch.randn(batch, CHANNELS, height, width, generator=generator),
        torch.randn(*shape, generator=generator).mul(3).softmax(dim=1),
        torch.rand(batch, SLOTS, height, width, generator=generator),
    )


@pytest.fixture
def scene() -> Scene:
    """Batch of two, 6 x 8 pixels."""
    return make_scene()


@pytest.fixture
def build():
    """Builder of a relation by its name above, seeded."""

    def build_relation(name: str, **options) -> nn.Module:
        torch.manual_seed(0)
        cls, defaults = RELATIONS[name]
        options = {**defaults, **options}
        return cls(CHANNELS, num_classes=CLASSES, num_instances=SLOTS, **options)

    return build_relation


@pytest.fixture(params=RELATIONS)
def relation(request: pytest.FixtureRequest, build) -> nn.Module:
    """Every relation, in training mode, its norms as after some training."""
    made = build(request.param)
    for module in made.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.bias, -1, 1)
    return made
