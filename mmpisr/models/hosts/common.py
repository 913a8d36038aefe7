"""What all hosts share: the modules they add, padding, losses and the warm start."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmpisr.models.relations import BaseRelation, GatedResidual
from mmpisr.registry import MODELS

EARLIER_LAYER = re.compile(r'd\d+\.')  # mmdet's names: d0.loss_cls
Losses = dict[str, Tensor | list[Tensor]]


@MODELS.register_module()
class IntermediateSupervision(BaseModule):
    """``L = gamma * (L'_sem + L'_ins) + L_sem + L_ins`` (eq. 1).

    Both stages compute the losses of the base model; this module weights and names
    them. Query models also supervise each decoder layer before the intermediate
    prediction (``d0.loss_cls``, ...). Eq. (1) does not mention these losses; they keep
    their weight in the base model.

    Args:
        gamma: Weight of the intermediate stage; not given in the paper, chosen here.
        deep_supervision: Weight of the losses of earlier decoder layers; chosen here.

    Raises:
        ValueError: A weight is negative.
    """

    def __init__(self, *, gamma: float = 0.5, deep_supervision: float = 1.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.deep_supervision = deep_supervision
        weights = dict(gamma=gamma, deep_supervision=deep_supervision)
        for name, weight in weights.items():
            if weight < 0:
                raise ValueError(f'{name} must not be negative, got {weight}')

    def forward(self, intermediate: Losses, final: Losses) -> Losses:
        """Join the losses of two stages.

        Args:
            intermediate: Losses of the intermediate predictions by name. Entries
                without ``loss`` in their name are only logged and get no weight.
            final: Losses of the final predictions by name.

        Returns:
            The final losses under their own names, and the weighted intermediate ones
            as ``intermediate.<name>``.
        """
        weighted = {
            f'intermediate.{name}': self._weighted(name, value)
            for name, value in intermediate.items()
        }
        return {**weighted, **final}

    def _weighted(
        self, name: str, loss: Tensor | list[Tensor]
    ) -> Tensor | list[Tensor]:
        if 'loss' not in name:
            return loss
        weight = self.deep_supervision if EARLIER_LAYER.match(name) else self.gamma
        if isinstance(loss, list):
            return [weight * part for part in loss]
        return weight * loss


class RelationHost:
    """Mixin of all hosts: a base model with a relation between two sets of its heads.

    Constructors call :meth:`set_relation` and :meth:`set_final_heads` after the base's.

    Attributes:
        relation: Turns features F into F'.
        heatmap_maker: Makes instance heatmaps I from intermediate predictions.
        supervision: Weights the losses of both stages.
        semantic_index: Map in S of each class of the data, for hosts whose S has one
            map for several classes; None: one map per class, in order.
    """

    relation: BaseRelation
    heatmap_maker: nn.Module
    supervision: nn.Module
    semantic_index: Sequence[int] | None = None

    def set_relation(
        self,
        relation: dict,
        *,
        in_channels: int | None,
        num_classes: int,
        heatmap_maker: dict | None = None,
        supervision: dict | None = None,
    ) -> None:
        """Build the modules between the two stages.

        Args:
            relation: Config of the relation, without numbers that the host has.
            in_channels: Channels of F; None: read from the relation's config.
            num_classes: Maps in S.
            heatmap_maker: Config of the heatmap maker; None: the host has no such
                module.
            supervision: Config of eq. (1); ``mmpisr.IntermediateSupervision`` if None.

        Raises:
            ValueError: A number in the relation's config differs from the host's.
        """
        self.relation = build_relation(
            relation, in_channels=in_channels, num_classes=num_classes
        )
        if heatmap_maker is not None:
            self.heatmap_maker = MODELS.build(heatmap_maker)
        self.supervision = MODELS.build(
            supervision or dict(type='mmpisr.IntermediateSupervision')
        )

    def final_probs(self, feats: Any, data_samples: Sequence[DetDataSample]) -> Tensor:
        """Class probabilities of the final stage, in the frame and the rows of S.

        Args:
            feats: What the detector's ``extract_feat`` gives for a batch.
            data_samples: Of the batch.

        Raises:
            ValueError: The host has no class probabilities for each pixel.
        """
        raise ValueError(
            f'{type(self).__name__} gives no final class probabilities of pixels: '
            'write its method final_probs (see mmpisr.models.hosts.RelationHost)'
        )

    def set_final_heads(
        self, *, init_final_from_base: bool, **heads: nn.Module
    ) -> None:
        """Add the heads of the final stage.

        Args:
            init_final_from_base: Whether they start as copies of the base's heads when
                a checkpoint of the base is loaded.
            **heads: Each by the name of the base's head; added as ``final_<name>``.
        """
        for name, head in heads.items():
            setattr(self, f'final_{name}', head)
        if init_final_from_base:
            assert isinstance(self, nn.Module)
            copy_base_heads_when_loaded(self, *heads)


def build_relation(config: dict, **host: int | None) -> BaseRelation:
    """Build a relation; numbers that its config leaves out are the host's.

    Args:
        config: Config of the relation; not changed.
        **host: ``in_channels`` and ``num_classes`` of the host; None: unknown, so that
            the config must have it.

    Raises:
        ValueError: A number in the config differs from the host's.
    """
    config = deepcopy(config)
    for field, actual in host.items():
        if actual is not None and config.setdefault(field, actual) != actual:
            raise ValueError(
                f'relation.{field} is {config[field]}, but the host has {actual}; '
                'leave the field out to use that'
            )
    return MODELS.build(config)


def valid_pixels(
    data_samples: Sequence[DetDataSample] | None, feats: Tensor
) -> Tensor | None:
    """Mark the pixels of a feature map that are not padding.

    Args:
        data_samples: With ``img_shape`` and ``batch_input_shape``, (height, width) in
            pixels of the input; None: no image is padded.
        feats: Features of the padded batch, ``(B, C, H, W)``.

    Returns:
        ``(B, H, W)`` bool, True where the pixel covers some of the image; None when
        no image is padded.
    """
    if data_samples is None:
        return None
    batch, _, height, width = feats.shape
    sizes = [sample.img_shape[:2] for sample in data_samples]
    padded = data_samples[0].batch_input_shape
    if all(tuple(size) == tuple(padded) for size in sizes):
        return None

    mask = torch.zeros(batch, height, width, dtype=torch.bool, device=feats.device)
    for image, (image_height, image_width) in zip(mask, sizes, strict=True):
        rows = ceil(image_height * height / padded[0])
        columns = ceil(image_width * width / padded[1])
        image[:rows, :columns] = True
    return mask


def unpadded_samples(batch_inputs: Tensor) -> list[DetDataSample]:
    """Data samples of images ``(B, 3, H, W)`` that fill the whole input."""
    size = tuple(batch_inputs.shape[2:])
    names = 'img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape'
    meta = dict.fromkeys(names, size) | dict(scale_factor=(1.0, 1.0))
    return [DetDataSample(metainfo=meta) for _ in batch_inputs]


@dataclass
class Call:
    """Positional arguments and result of a module's last call."""

    inputs: tuple = ()
    output: Any = None


@contextmanager
def recorded(module: nn.Module) -> Iterator[Call]:
    """Record the last call of a module inside the ``with`` block.

    Hosts read intermediate values of mmdet's code in this way: the code is neither
    copied nor run twice.

    Raises:
        RuntimeError: The block ends and the module was not called.
    """
    call = Call()

    def keep(_: nn.Module, inputs: tuple, output: object) -> None:
        call.inputs, call.output = inputs, output

    with module.register_forward_hook(keep):
        yield call
    if call.output is None:
        raise RuntimeError(
            f'{type(module).__name__} was expected to be called, but was not'
        )


def copy_base_heads_when_loaded(host: nn.Module, *heads: str) -> None:
    """Copy the base's heads into the final ones as far as a checkpoint lacks these.

    The copies are made as soon as the host's own parameters are loaded, whether by
    ``load_from``, ``init_cfg`` or torch. Parameters of a base head that the checkpoint
    lacks too (those of another number of classes) are copied with their initial values.
    The final heads are still reported as missing. Nothing is copied if the checkpoint
    has none of the base's heads.

    A checkpoint of the base model has no parameter of any final head. In that case the
    gates of all residual branches of the host are closed too, so that it predicts what
    the base predicts.

    Args:
        host: Module with children ``<head>`` and ``final_<head>``.
        *heads: Names of the base's heads.
    """

    def copy(module: nn.Module, incompatible: Any) -> None:
        missing = [f'.{key}' for key in incompatible.missing_keys]  # from any parent

        def lacks(name: str) -> bool:
            return any(key.endswith(f'.{name}') for key in missing)

        def lacks_all(head: str) -> bool:
            parameters = module.get_submodule(head).named_parameters()
            return all(lacks(f'{head}.{name}') for name, _ in parameters)

        if all(lacks_all(head) for head in heads):
            return
        for head in heads:
            final, whole = f'final_{head}', lacks_all(f'final_{head}')
            values = {
                name: value
                for name, value in module.get_submodule(head).state_dict().items()
                if whole or lacks(f'{final}.{name}')
            }
            module.get_submodule(final).load_state_dict(values, strict=False)
            for name in [''] if whole else [f'.{name}' for name in values]:
                text = f'{final}{name} starts as a copy of {head}{name}'
                print_log(text, logger='current')
        if all(lacks_all(f'final_{head}') for head in heads):
            for part in module.modules():
                if isinstance(part, GatedResidual):
                    part.close_gate()

    host.register_load_state_dict_post_hook(copy)
