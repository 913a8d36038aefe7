"""Panoptic-DeepLab's three heads and the maps that they predict."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmpisr.registry import MODELS

from .decoder import two_convs, wide_conv
from .grouping import PanopticResults, group_panoptic, to_results
from .losses import stack_targets

TEST_FIELDS = {'threshold', 'nms_kernel', 'top_k', 'stuff_area_limit', 'instance_masks'}
SEMANTIC_LOSS = dict(type='mmpisr.HardPixelCrossEntropy', top_ratio=0.2)
CENTER_LOSS = dict(type='mmdet.MSELoss', loss_weight=200.0)
OFFSET_LOSS = dict(type='mmdet.L1Loss', loss_weight=0.01)
SMALL_PREDICTORS = dict(
    type='Normal',
    std=0.001,
    override=[
        dict(name=f'{part}_predictor') for part in ('semantic', 'center', 'offset')
    ],
)


def resize_map(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample ``(B, C, h, w)`` bilinearly to (height, width)."""
    return F.interpolate(values, size, mode='bilinear', align_corners=False)


def resize_offset(offset: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample offsets (dy, dx) in pixels, ``(B, 2, h, w)``, and rescale them."""
    old = offset.shape[2:]
    scale = offset.new_tensor([size[0] / old[0], size[1] / old[1]])
    return resize_map(offset, size) * scale.view(1, 2, 1, 1)


class PanopticDeepLabMaps(NamedTuple):
    """Predictions for a batch; all three maps have one frame.

    ``offset`` is measured in pixels of these maps, so :meth:`resize` also rescales it.
    """

    sem_logits: Tensor
    """Class logits, things first, ``(B, N, H, W)``."""
    center: Tensor
    """Heatmap of instance centres, about 0 to 1, ``(B, 1, H, W)``."""
    offset: Tensor
    """From each pixel to its instance's centre, (dy, dx), ``(B, 2, H, W)``."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the maps."""
        height, width = self.sem_logits.shape[-2:]
        return height, width

    def image(self, index: int) -> 'PanopticDeepLabMaps':
        """One image as a batch of one."""
        return PanopticDeepLabMaps(*(m[index : index + 1] for m in self))

    def float(self) -> 'PanopticDeepLabMaps':
        """The maps as float32, also under autocast."""
        return PanopticDeepLabMaps(*(m.float() for m in self))

    def crop(self, size: tuple[int, int]) -> 'PanopticDeepLabMaps':
        """Keep the top left (height, width), without padding."""
        return PanopticDeepLabMaps(*(m[..., : size[0], : size[1]] for m in self))

    def flip(self, axes: tuple[int, ...]) -> 'PanopticDeepLabMaps':
        """Mirror along axes -2, -1 or both; offsets change sign along them."""
        if not axes:
            return self
        signs = [-1 if axis in axes else 1 for axis in (-2, -1)]
        return PanopticDeepLabMaps(
            self.sem_logits.flip(axes),
            self.center.flip(axes),
            self.offset.flip(axes) * self.offset.new_tensor(signs).view(1, 2, 1, 1),
        )

    def resize(self, size: tuple[int, int]) -> 'PanopticDeepLabMaps':
        """Resample bilinearly to (height, width) and rescale offsets per axis."""
        if size == self.size:
            return self
        return PanopticDeepLabMaps(
            resize_map(self.sem_logits, size),
            resize_map(self.center, size),
            resize_offset(self.offset, size),
        )

    def upsample(self, factor: int) -> 'PanopticDeepLabMaps':
        """Enlarge by an integer factor, from the features' stride to the input."""
        return self.resize((self.size[0] * factor, self.size[1] * factor))


@MODELS.register_module()
class PanopticDeepLabHead(BaseModule):
    """Predict classes from semantic features, centres and offsets from instance ones.

    Args:
        num_things_classes: Number of thing classes, which come first.
        num_stuff_classes: Number of stuff classes.
        semantic_channels: Channels of the semantic features.
        instance_channels: Channels of the instance features.
        semantic_head_channels: Channels before the class predictor.
        instance_head_channels: Channels before the centre and offset predictors.
        stride: Pixels of the input between two pixels of the features.
        separable: Whether the semantic and offset heads are depthwise-separable.
        norm_cfg: Normalisation.
        loss_semantic: Config of a loss of ``(logits, labels, weights)`` that resizes
            the logits; its ``ignore_index`` is also the label of padding.
        loss_center: Config of a loss of ``(prediction, target, weight, avg_factor)``.
        loss_offset: Same for offsets.
        test_cfg: Any of ``threshold``, ``nms_kernel``, ``top_k`` and
            ``stuff_area_limit``, see ``group_panoptic``; and ``instance_masks``, see
            ``to_results``.
        init_cfg: mmengine's initialisation; small predictors if None.

    Raises:
        ValueError: ``test_cfg`` has an unknown field.
    """

    def __init__(
        self,
        *,
        num_things_classes: int,
        num_stuff_classes: int,
        semantic_channels: int = 256,
        instance_channels: int = 128,
        semantic_head_channels: int = 256,
        instance_head_channels: int = 32,
        stride: int = 4,
        separable: bool = True,
        norm_cfg: dict | None = None,
        loss_semantic: dict | None = None,
        loss_center: dict | None = None,
        loss_offset: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or SMALL_PREDICTORS)
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.semantic_channels = semantic_channels
        self.instance_channels = instance_channels
        self.stride = stride
        self.test_cfg = dict(test_cfg or {})
        if unknown := self.test_cfg.keys() - TEST_FIELDS:
            raise ValueError(
                f'test_cfg has {sorted(unknown)}, but may only have '
                f'{sorted(TEST_FIELDS)}'
            )

        norm_cfg = norm_cfg or dict(type='BN')
        wide = partial(wide_conv, separable=separable, norm_cfg=norm_cfg)
        semantic = (semantic_channels, semantic_channels, semantic_head_channels)
        instance = (instance_channels, instance_channels, instance_head_channels)
        self.semantic_head = wide(*semantic)
        self.center_head = two_convs(*instance, norm_cfg=norm_cfg)
        self.offset_head = wide(*instance)
        self.semantic_predictor = nn.Conv2d(semantic_head_channels, self.num_classes, 1)
        self.center_predictor = nn.Conv2d(instance_head_channels, 1, 1)
        self.offset_predictor = nn.Conv2d(instance_head_channels, 2, 1)

        self.loss_semantic = MODELS.build(loss_semantic or SEMANTIC_LOSS)
        self.loss_center = MODELS.build(loss_center or CENTER_LOSS)
        self.loss_offset = MODELS.build(loss_offset or OFFSET_LOSS)

    @property
    def num_classes(self) -> int:
        """Number of classes, things and stuff, which is also the label of void."""
        return self.num_things_classes + self.num_stuff_classes

    def forward(self, feats: tuple[Tensor, Tensor]) -> PanopticDeepLabMaps:
        """Predict the maps at the features' stride.

        Args:
            feats: Semantic ``(B, C_sem, h, w)`` and instance ``(B, C_ins, h, w)``
                features.
        """
        semantic, instance = feats
        return PanopticDeepLabMaps(
            self.semantic_predictor(self.semantic_head(semantic)),
            self.center_predictor(self.center_head(instance)),
            self.offset_predictor(self.offset_head(instance)),
        )

    def loss_by_maps(
        self, maps: PanopticDeepLabMaps, data_samples: Sequence[DetDataSample]
    ) -> dict[str, Tensor]:
        """Losses at input resolution, each a scalar attached to the graph.

        Centre and offset losses are sums over pixels (and both axes) divided by the
        sum of the pixels' weights; zero if all weights are zero.

        Args:
            maps: Predictions at the features' stride.
            data_samples: With ``gt_sem_seg`` and ``gt_panoptic_deeplab``.
        """
        size = (maps.size[0] * self.stride, maps.size[1] * self.stride)
        targets = stack_targets(
            data_samples, size, ignore_index=self.loss_semantic.ignore_index
        )

        return dict(
            loss_semantic=self.loss_semantic(
                maps.sem_logits, targets.labels, targets.semantic_weights
            ),
            loss_center=self.loss_center(
                resize_map(maps.center.float(), size),
                targets.center,
                targets.center_weights,
                avg_factor=targets.center_weights.sum(),
            ),
            loss_offset=self.loss_offset(
                resize_offset(maps.offset.float(), size),
                targets.offset,
                targets.offset_weights,
                avg_factor=targets.offset_weights.sum(),
            ),
        )

    def predict_by_maps(
        self,
        maps: PanopticDeepLabMaps,
        data_samples: Sequence[DetDataSample],
        *,
        rescale: bool = True,
    ) -> list[PanopticResults]:
        """Panoptic map, class probabilities and instances of each image.

        Args:
            maps: Predictions at the features' stride.
            data_samples: With ``img_shape``, the size without padding, and
                ``ori_shape``, the original size.
            rescale: Whether results have the original size, or else the size of the
                input without padding.
        """
        maps = maps.float().upsample(self.stride)
        results = []
        for index, sample in enumerate(data_samples):
            image = maps.image(index).crop(tuple(sample.img_shape[:2]))
            if rescale:
                image = image.resize(tuple(sample.ori_shape[:2]))
            results.append(self.predict_image(image))
        return results

    def predict_image(self, maps: PanopticDeepLabMaps) -> PanopticResults:
        """Group the maps of one image.

        Args:
            maps: A batch of one image without padding, at the size of the result.
        """
        options = dict(self.test_cfg)
        masks = options.pop('instance_masks', False)
        probs = maps.sem_logits[0].softmax(dim=0)  # (N, H, W)
        labels = probs.max(dim=0).indices  # (H, W); on CPUs faster than argmax
        grouping = group_panoptic(
            labels,
            maps.center[0],
            maps.offset[0],
            num_things=self.num_things_classes,
            num_classes=self.num_classes,
            **options,
        )
        return to_results(grouping, labels, probs, instance_masks=masks)
