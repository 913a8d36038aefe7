"""A small seeded scene, and every relation built for it."""

from typing import NamedTuple

import torch
from torch import Tensor

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
            'feats_norm': False,
            'encoding_norm': False,
            'embed_categories': False,
            'scores_from_confidence': False,
            'mix_slots': True,
            'scale_products': False,
            'fusion': 'replace',
        },
    ),
    'pisr-area-softmax': (
        relations.PISR,
        {'channels': 8, 'normaliser': 'area', 'first_product': 'softmax'},
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
