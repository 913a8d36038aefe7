"""A model that reads the truth off its input, and images that hold their truth."""

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmengine.registry import MODELS
from mmengine.structures import InstanceData, PixelData

from mmpisr.datasets.panoptic_scenes import STUFF, THINGS

META = dict(
    classes=(*THINGS, *STUFF),
    thing_classes=tuple(THINGS),
    stuff_classes=tuple(STUFF),
    palette=[*THINGS.values(), *STUFF.values()],
)
PIPELINE = [dict(type='LoadImageFromFile'), dict(type='mmpisr.PackPanopticInputs')]


def picture_of_truth(panoptic: np.ndarray) -> np.ndarray:
    """BGR uint8: blue the label, green and red the instance."""
    labels, instances = panoptic % INSTANCE_OFFSET, panoptic // INSTANCE_OFFSET
    return np.stack([labels, instances % 256, instances // 256], -1).astype(np.uint8)


@MODELS.register_module()
class TruthModel(BaseModel):
    """Predicts the truth of what it is shown; numbers its instances itself.

    Attributes:
        seen: Sizes of the images, batch by batch.
    """

    def __init__(self) -> None:
        super().__init__(BaseDataPreprocessor())
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = []

    def forward(self, inputs, data_samples, mode):
        assert mode == 'predict'
        self.seen.append([tuple(image.shape[1:]) for image in inputs])
        return [self._read(*pair) for pair in zip(inputs, data_samples, strict=True)]

    def _read(self, image: torch.Tensor, sample: DetDataSample) -> DetDataSample:
        labels, low, high = image.long()
        instances = low + 256 * high
        numbers = torch.unique(torch.cat([instances.new_zeros(1), instances.ravel()]))
        codes = labels + INSTANCE_OFFSET * torch.searchsorted(numbers, instances)
        segments = torch.unique(codes[codes >= INSTANCE_OFFSET])
        sample.pred_panoptic_seg = PixelData(sem_seg=codes[None])
        sample.pred_instances = InstanceData(
            labels=segments % INSTANCE_OFFSET,
            scores=torch.full((len(segments),), 0.5),
            segments=segments,
        )
        return sample


def config(**fields) -> dict:
    """Config of the model; ``fields`` are those of its test dataset."""
    dataset = dict(
        type='mmpisr.PanopticScenes', ann_file='none.json', pipeline=PIPELINE, **fields
    )
    return dict(model=dict(type='TruthModel'), test_dataloader=dict(dataset=dataset))
