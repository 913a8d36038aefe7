"""Panoptic-DeepLab (Cheng et al., CVPR 2020), the network of detectron2."""

from collections.abc import Sequence

from mmdet.models.detectors import BaseDetector
from mmdet.structures import DetDataSample
from torch import Tensor

from mmpisr.registry import MODELS

from .grouping import PanopticResults
from .head import PanopticDeepLabHead, PanopticDeepLabMaps


@MODELS.register_module()
class PanopticDeepLab(BaseDetector):
    """Bottom-up panoptic segmentation: classes, centres and offsets, then grouping.

    The host with a relation overrides ``forward_maps`` and ``loss``.

    Differs from detectron2: thing classes come first; offsets are rescaled when
    results are resized to the original image; see also ``ASPP``, ``find_centers`` and
    ``to_instances``.

    Args:
        backbone: Config of the backbone; the neck reads its levels, finest first.
        neck: Config of the neck, which returns semantic and instance features, see
            ``DualDecoder``.
        panoptic_head: Config of the heads, see ``PanopticDeepLabHead``.
        test_cfg: Config of the post-processing, used if the head has none.
        data_preprocessor: Config; must pad to a multiple of the backbone's stride.
        init_cfg: mmengine's initialisation.

    Raises:
        ValueError: The channels of neck and head differ.
    """

    def __init__(
        self,
        *,
        backbone: dict,
        neck: dict,
        panoptic_head: dict,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.test_cfg = test_cfg
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.panoptic_head = self.build_head(panoptic_head)

    def build_head(self, head: dict) -> PanopticDeepLabHead:
        """Build a head that reads the neck's features, with the model's ``test_cfg``.

        Raises:
            ValueError: Its channels differ from the neck's.
        """
        module = MODELS.build({'test_cfg': self.test_cfg, **head})
        for part, channels in zip(
            ('semantic', 'instance'), self.neck.out_channels, strict=True
        ):
            expected = getattr(module, f'{part}_channels')
            if channels != expected:
                raise ValueError(
                    f'neck.{part}.out_channels is {channels}, but '
                    f'panoptic_head.{part}_channels is {expected}; they must be equal'
                )
        return module

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Semantic and instance features, ``(B, C, h, w)`` each, at stride 4.

        Args:
            batch_inputs: Normalised and padded images, ``(B, 3, H, W)``.
        """
        return self.neck(self.backbone(batch_inputs))

    def forward_maps(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: Sequence[DetDataSample] | None = None,
    ) -> PanopticDeepLabMaps:
        """Maps for losses and results, at the features' stride.

        Args:
            feats: As ``extract_feat`` returns them.
            data_samples: Used by models that treat padding differently.
        """
        return self.panoptic_head(feats)

    def _forward(
        self,
        batch_inputs: Tensor,
        batch_data_samples: Sequence[DetDataSample] | None = None,
    ) -> PanopticDeepLabMaps:
        """The whole network without post-processing (``mode='tensor'``)."""
        return self.forward_maps(self.extract_feat(batch_inputs), batch_data_samples)

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[DetDataSample]
    ) -> dict[str, Tensor]:
        """Losses of the head, scalars (``mode='loss'``)."""
        maps = self._forward(batch_inputs, batch_data_samples)
        return self.panoptic_head.loss_by_maps(maps, batch_data_samples)

    def predict(
        self,
        batch_inputs: Tensor,
        batch_data_samples: Sequence[DetDataSample],
        rescale: bool = True,
    ) -> Sequence[DetDataSample]:
        """Add results to the data samples (``mode='predict'``).

        Args:
            batch_inputs: Normalised and padded images, ``(B, 3, H, W)``.
            batch_data_samples: One for each image.
            rescale: Whether results have the original size, or else the size of the
                input without padding.

        Returns:
            The samples with ``pred_panoptic_seg``, ``pred_sem_seg`` and
            ``pred_instances``, see ``to_results``.
        """
        maps = self._forward(batch_inputs, batch_data_samples)
        results = self.panoptic_head.predict_by_maps(
            maps, batch_data_samples, rescale=rescale
        )
        return self.add_pred_to_datasample(batch_data_samples, results)

    def add_pred_to_datasample(
        self,
        data_samples: Sequence[DetDataSample],
        results_list: Sequence[PanopticResults],
    ) -> Sequence[DetDataSample]:
        """Add each image's results to its data sample, and return the samples."""
        for sample, results in zip(data_samples, results_list, strict=True):
            sample.set_data(results._asdict())
        return data_samples
