"""The interface of every relation: inputs, outputs, checks, and the fusion with F."""

from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F


class RelationInputs(NamedTuple):
    """Inputs of :meth:`BaseRelation.relate`: maps of one dtype, zero at padding."""

    feats: Tensor
    """Features F, ``(B, C, H, W)``."""
    sem_probs: Tensor
    """Class probabilities S, ``(B, N, H, W)``."""
    inst_heatmaps: Tensor
    """Instance heatmaps I, ``(B, K, H, W)``; arbitrary values in an empty slot."""
    valid: Tensor
    """True for every class, False for an empty slot, ``(B, L)`` bool."""
    pixel_mask: Tensor | None
    """False marks padding, ``(B, 1, H, W)`` bool; None: there is no padding."""


class RelationOutput(NamedTuple):
    """Output of a relation; scores and encodings are None for all but PISR."""

    feats: Tensor
    """Features F' for the final stage, in the frame of F, ``(B, C, H, W)``."""
    scores: Tensor | None = None
    """Reweighting scores in [0, 1], zero for an empty slot, ``(B, L)``."""
    encodings: Tensor | None = None
    """Encodings before reweighting, float32, ``(B, L, C)``."""


class BaseRelation(BaseModule):
    """Base class of relations, which make final-stage features F' from F, S and I.

    A subclass implements :meth:`relate`. The checks, the handling of padding and the
    fusion with F are the same for all relations and are done here. No relation reads
    batch statistics: an image gives the same result alone and in a padded batch, in
    training and in testing.

    Args:
        in_channels: Channels C of the feature map.
        num_classes: Semantic classes N.
        num_instances: Instance slots K that the host fills. Not given in the paper;
            chosen here.
        fusion: ``'residual'`` adds the related features to F through a gate,
            ``'replace'`` returns the related features alone; see :class:`Fusion`.
        initial_gate: Initial value of that gate. Chosen here, see
            ``docs/design_decisions.md``.
        detach_masks: Whether gradients stop at S and I.
        init_cfg: mmengine's initialisation config.

    Raises:
        ValueError: ``in_channels``, ``num_classes`` or ``num_instances`` is below one,
            or ``fusion`` is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        num_instances: int = 50,
        fusion: str = 'residual',
        initial_gate: float = 0.5,
        detach_masks: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.num_instances = num_instances
        self.detach_masks = detach_masks
        for name in 'in_channels', 'num_classes', 'num_instances':
            if getattr(self, name) < 1:
                raise ValueError(
                    f'{name} must be at least 1, got {getattr(self, name)}'
                )
        self.fuse = Fusion(in_channels, mode=fusion, initial_gate=initial_gate)

    @abstractmethod
    def relate(self, inputs: RelationInputs) -> RelationOutput:
        """Compute related features, which :meth:`forward` fuses with F."""

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
            sem_probs: Class probabilities S in the frame of F, ``(B, N, H, W)``.
            inst_heatmaps: Instances I in [0, 1], best slot first, ``(B, K, H, W)``.
            inst_valid: False marks an empty slot, ``(B, K)`` bool; None: all are
                filled.
            pixel_mask: False marks padding, ``(B, H, W)`` bool; None: there is none.

        Returns:
            F' of the same shape, and PISR's scores and encodings. Values of F' at
            padded pixels have no meaning.

        Raises:
            ValueError: A shape disagrees with that of F or with the constructor.
        """
        self._check_shapes(feats, sem_probs, inst_heatmaps, inst_valid, pixel_mask)
        if self.detach_masks:
            sem_probs, inst_heatmaps = sem_probs.detach(), inst_heatmaps.detach()

        maps = [feats, sem_probs, inst_heatmaps]
        related = self.relate(_relation_inputs(maps, inst_valid, pixel_mask))

        return related._replace(feats=self.fuse(feats, related.feats))

    def _check_shapes(
        self,
        feats: Tensor,
        sem_probs: Tensor,
        inst_heatmaps: Tensor,
        inst_valid: Tensor | None,
        pixel_mask: Tensor | None,
    ) -> None:
        batch, frame, slots = feats.shape[0], feats.shape[2:], inst_heatmaps.shape[1]
        for name, tensor, expected in (
            ('feats', feats, (batch, self.in_channels, *frame)),
            ('sem_probs', sem_probs, (batch, self.num_classes, *frame)),
            ('inst_heatmaps', inst_heatmaps, (batch, slots, *frame)),
            ('inst_valid', inst_valid, (batch, slots)),
            ('pixel_mask', pixel_mask, (batch, *frame)),
        ):
            if tensor is not None and tensor.shape != expected:
                raise ValueError(
                    f'{name}: got shape {tuple(tensor.shape)}, expected {expected} '
                    '(B, H and W of feats, C = in_channels, N = num_classes)'
                )


def _relation_inputs(
    maps: list[Tensor], inst_valid: Tensor | None, pixel_mask: Tensor | None
) -> RelationInputs:
    """Bring F, S and I to one dtype and set padding to zero, where there is any.

    ``where`` also removes NaN and infinity at padding, a product would not.
    """
    dtype = compute_dtype(maps[0])
    maps = [values.to(dtype) for values in maps]
    if pixel_mask is not None:
        pixel_mask = pixel_mask.bool().unsqueeze(1)  # (B, 1, H, W)
        maps = [torch.where(pixel_mask, values, 0) for values in maps]

    feats, sem_probs, inst_heatmaps = maps
    if inst_valid is None:
        inst_valid = feats.new_ones(inst_heatmaps.shape[:2], dtype=torch.bool)
    classes_valid = inst_valid.new_ones(sem_probs.shape[:2], dtype=torch.bool)
    valid = torch.cat([classes_valid, inst_valid.bool()], dim=1)  # (B, L)
    return RelationInputs(feats, sem_probs, inst_heatmaps, valid, pixel_mask)


class GatedResidual(nn.Module):
    """A residual branch that ends in a LayerNorm, whose weight is a per-channel gate.

    Attributes:
        gate_norm: That LayerNorm; None where the branch replaces its input.
    """

    gate_norm: nn.LayerNorm | None

    def close_gate(self) -> None:
        """Set the gate to zero, so that the branch adds nothing until it is trained."""
        if self.gate_norm is not None:
            nn.init.zeros_(self.gate_norm.weight)


class Fusion(GatedResidual):
    """Add the related features R to F through a gate, or replace F by R.

    ``'residual'`` is ``F + gate * norm(R)``, where ``norm`` is a
    :class:`ChannelLayerNorm`, because the scale of R differs from image to image. The
    initial gate is not zero, so that the final heads receive R from the first
    iteration on. A host closes the gate when it loads a trained base model, whose
    predictions it then reproduces.

    Differs from the paper: there F_pan alone goes to the final stage (``'replace'``).

    Args:
        channels: Channels C of both feature maps.
        mode: ``'residual'`` or ``'replace'``.
        initial_gate: Initial value of the gate, the same for each channel.

    Raises:
        ValueError: The mode is unknown.
    """

    def __init__(self, channels: int, *, mode: str, initial_gate: float) -> None:
        super().__init__()
        if mode not in ('residual', 'replace'):
            raise ValueError(f"fusion must be 'residual' or 'replace', got {mode!r}")
        self.gate_norm = ChannelLayerNorm(channels) if mode == 'residual' else None
        if self.gate_norm is not None:
            nn.init.constant_(self.gate_norm.weight, initial_gate)

    def forward(self, feats: Tensor, related: Tensor) -> Tensor:
        """Fuse F and R, ``(B, C, H, W)`` each, in the dtype of F."""
        if self.gate_norm is None:
            return related.to(feats.dtype)
        return torch.add(feats, self.gate_norm(related).to(feats.dtype))


class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel of ``(B, C, H, W)``.

    Each pixel is normalised on its own, so that a result does not depend on the batch,
    on padding, or on training or test mode. ``norm_cfg=dict(type=ChannelLayerNorm)``
    replaces a batch norm.
    """

    def forward(self, feats: Tensor) -> Tensor:
        """Normalise with statistics in float32; the dtype of the features is kept."""
        weight, bias = self.weight.to(feats.dtype), self.bias.to(feats.dtype)
        pixels = feats.permute(0, 2, 3, 1)  # (B, H, W, C)
        with without_autocast(feats):
            normed = F.layer_norm(pixels, self.normalized_shape, weight, bias, self.eps)
        return normed.permute(0, 3, 1, 2)  # (B, C, H, W)


def compute_dtype(tensor: Tensor) -> torch.dtype:
    """The dtype of autocast if it is active on the tensor's device, else the tensor's.

    Large maps are converted to it once, before several layers read them: under
    autocast each layer would save a converted copy of its own for backward.
    """
    device = tensor.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return tensor.dtype


def at_least_float32(tensor: Tensor) -> Tensor:
    """Convert half precision to float32; float32 and float64 stay as they are."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def without_autocast(tensor: Tensor) -> AbstractContextManager:
    """Disable autocast on the tensor's device, for operations that need float32.

    On a device without mixed precision (meta) the context does nothing.
    """
    device = tensor.device.type
    if not torch.amp.is_autocast_available(device):
        return nullcontext()
    return torch.autocast(device_type=device, enabled=False)
