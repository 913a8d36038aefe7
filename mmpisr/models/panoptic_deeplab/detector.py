"""Panoptic-DeepLab (Cheng et al., CVPR 2020), equal to detectron2's."""

from collections.abc import Sequence

from mmdet.models.detectors import BaseDetector
from mmdet.structures import DetDataSample
from torch import Tensor

from mmpisr.registry import MODELS

from .head import PanopticDeepLabHead
from .maps import PanopticDeepLabMaps
from .results import PanopticResults


@MODELS.register_module()
class PanopticDeepLab(BaseDetector):
    """Bottom-up panoptic segmentation: classes, centres and offsets, then grouping.

    A template: hosts of relations override ``forward_maps`` and what they learn from.

    Differs from detectron2: thing classes come first; offsets are rescaled when
    results are resized to the original image; see also ``ASPP``, ``find_centers`` and
    ``to_instances``.

    Args:
        backbone: Its levels, finest first, are what the neck reads.
        neck: Gives semantic and instance features, see ``DualDecoder``.
        panoptic_head: See ``PanopticDeepLabHead``.
        test_cfg: Post-processing, handed to the head unless it has its own.
        data_preprocessor: Pads to a multiple of the backbone's stride.
        init_cfg: mmengine's initialisation.

    Raises:
        ValueError: If neck and head disagree about channels.
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
            ValueError: If its channels are not those of the neck.
        """
        module = MODELS.build({'test_cfg': self.test_cfg, **head})
        expected = (module.semantic_channels, module.instance_channels)
        if self.neck.out_channels != expected:
            raise ValueError(
                f'{type(module).__name__} reads semantic and instance features of '
                f'{expected} channels, but the neck gives {self.neck.out_channels}'
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
        """The maps that results are made of, at the features' stride.

        Args:
            feats: As ``extract_feat`` gives them.
            data_samples: For models that have to tell padding from image.
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
        """Results on the data samples, at original size (``mode='predict'``).

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
        """Put each image's results on its data sample, and return the samples."""
        for sample, results in zip(data_samples, results_list, strict=True):
            sample.set_data(results._asdict())
        return data_samples
