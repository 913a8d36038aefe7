"""The interface of every relation: what goes in, what comes out, what is refused."""

from abc import abstractmethod
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor

from .fusion import GATE, Fusion
from .precision import compute_dtype


class RelationInputs(NamedTuple):
    """What :meth:`BaseRelation.relate` reads, in one dtype; padding is zero."""

    feats: Tensor
    """Features, ``(B, C, H, W)``."""
    sem_probs: Tensor
    """Class probabilities, ``(B, N, H, W)``."""
    inst_heatmaps: Tensor
    """Instance heatmaps, ``(B, K, H, W)``; an empty slot may hold anything."""
    valid: Tensor
    """False marks an empty slot; classes are always valid, ``(B, L)`` bool."""
    pixel_mask: Tensor | None
    """False marks padding, ``(B, 1, H, W)`` bool; None: there is no padding."""


class RelationOutput(NamedTuple):
    """What a relation returns; the last two are None where it has no such thing."""

    feats: Tensor
    """Features for the final stage, in the frame of the input, ``(B, C, H, W)``."""
    weights: Tensor | None = None
    """Reweighting scores in [0, 1], zero for an empty slot, ``(B, L)``."""
    encodings: Tensor | None = None
    """Encodings before reweighting, float32, ``(B, L, C)``."""


class BaseRelation(BaseModule):
    """Turns intermediate predictions and features into features for the final stage.

    Subclasses implement :meth:`relate`; checks, padding and the fusion with the input
    are the same for all of them and live here. No relation reads batch statistics: an
    image alone, in a padded batch, in training and in testing gives one result.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K that the host fills. Our choice; not public.
        fusion: ``'residual'`` adds to the features through a gate, ``'replace'``
            returns the related features alone.
        gate: Weight of what a residual relation adds, at first. Our choice.
        detach_masks: Whether predictions pass no gradient through the relation.
        init_cfg: mmengine's initialisation config.

    Raises:
        ValueError: A count is below one.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        fusion: str = 'residual',
        gate: float = GATE,
        detach_masks: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        _check_positive(
            in_channels=in_channels,
            num_classes=num_classes,
            num_instances=num_instances,
        )
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.num_instances = num_instances
        self.detach_masks = detach_masks
        self.fuse = Fusion(in_channels, mode=fusion, gate=gate)

    @abstractmethod
    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Relate the categories; its ``feats`` are fused with the input afterwards."""

    def forward(
        self,
        feats: Tensor,
        sem_probs: Tensor,
        inst_heatmaps: Tensor,
        inst_valid: Tensor | None = None,
        pixel_mask: Tensor | None = None,
    ) -> RelationOutput:
        """Relate semantic classes and instances to the feature map (Fig. 3).

        Args:
            feats: Features F, ``(B, C, H, W)``.
            sem_probs: Class probabilities S in the same frame, ``(B, N, H, W)``.
            inst_heatmaps: Instances I in [0, 1], best slot first, ``(B, K, H, W)``.
            inst_valid: False marks an empty slot, ``(B, K)`` bool; None: none is.
            pixel_mask: False marks padding, ``(B, H, W)`` bool; None: there is none.

        Returns:
            Features of the same shape, with scores and encodings where there are any.
            Features at padded pixels carry no meaning.

        Raises:
            ValueError: A shape disagrees with another one or with the constructor.
        """
        self._check_shapes(feats, sem_probs, inst_heatmaps, inst_valid, pixel_mask)
        if self.detach_masks:
            sem_probs, inst_heatmaps = sem_probs.detach(), inst_heatmaps.detach()

        maps = [feats, sem_probs, inst_heatmaps]
        inputs = _relation_inputs(maps, inst_valid, pixel_mask)
        related = self.relate(inputs)

        return related._replace(feats=self.fuse(feats, related.feats))

    def _check_shapes(
        self,
        feats: Tensor,
        sem_probs: Tensor,
        inst_heatmaps: Tensor,
        inst_valid: Tensor | None,
        pixel_mask: Tensor | None,
    ) -> None:
        batch, channels, *frame = feats.shape
        _check_equal('channels of feats', channels, self.in_channels, 'in_channels')
        classes = sem_probs.shape[1]
        _check_equal('classes of sem_probs', classes, self.num_classes, 'num_classes')
        for name, masks in (('sem_probs', sem_probs), ('inst_heatmaps', inst_heatmaps)):
            actual = (masks.shape[0], *masks.shape[2:])
            _check_equal(f'(B, H, W) of {name}', actual, (batch, *frame), 'of feats')
        if inst_valid is not None:
            slots = (batch, inst_heatmaps.shape[1])
            actual = tuple(inst_valid.shape)
            _check_equal('shape of inst_valid', actual, slots, '(B, K) of heatmaps')
        if pixel_mask is not None:
            actual = tuple(pixel_mask.shape)
            _check_equal('shape of pixel_mask', actual, (batch, *frame), 'of feats')


def _relation_inputs(
    maps: list[Tensor], inst_valid: Tensor | None, pixel_mask: Tensor | None
) -> RelationInputs:
    """F, S and I in one dtype, zero at padding; ``where`` also stops NaN and inf there.

    Nothing is copied where no image is padded.
    """
    dtype = compute_dtype(maps[0])
    maps = [values.to(dtype) for values in maps]
    pixels = None
    if pixel_mask is not None:
        pixels = pixel_mask.bool().unsqueeze(1)  # (B, 1, H, W)
        maps = [torch.where(pixels, values, 0) for values in maps]

    feats, sem_probs, inst_heatmaps = maps
    if inst_valid is None:
        inst_valid = feats.new_ones(inst_heatmaps.shape[:2], dtype=torch.bool)
    classes_valid = inst_valid.new_ones(sem_probs.shape[:2], dtype=torch.bool)
    valid = torch.cat([classes_valid, inst_valid.bool()], dim=1)  # (B, L)
    return RelationInputs(feats, sem_probs, inst_heatmaps, valid, pixels)


def _check_equal(what: str, actual: object, expected: object, of: str) -> None:
    if actual != expected:
        raise ValueError(f'{what}: got {actual}, expected {expected} ({of})')


def _check_positive(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f'{name} must be at least 1, got {count}')
