"""A small seeded scene, and every relation built for it."""

import pytest
import torch
from relation_scenes import CHANNELS, CLASSES, RELATIONS, SLOTS, Scene, make_scene
from torch import nn


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
