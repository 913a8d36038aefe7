"""A model of one number and its data: enough for a Runner to train and test."""

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from torch.utils.data import Dataset


@MODELS.register_module()
class ToyModel(BaseModel):
    """Fit one weight to the target 2."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs: list[torch.Tensor], mode: str = 'tensor'):
        """Return the loss, or the weight as each sample's prediction."""
        if mode == 'loss':
            return dict(loss=((self.weight * torch.stack(inputs) - 2) ** 2).mean())
        return [dict(prediction=self.weight * x) for x in inputs]


@DATASETS.register_module()
class ToyDataset(Dataset):
    """Four ones."""

    metainfo = dict(classes=('one',), palette=[(1, 2, 3)])

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=torch.ones(1))


@METRICS.register_module()
class ToyMetric(BaseMetric):
    """Mean prediction."""

    def process(self, data_batch, data_samples) -> None:
        """Keep the predictions."""
        self.results += [sample['prediction'].item() for sample in data_samples]

    def compute_metrics(self, results: list) -> dict:
        """Average them."""
        return dict(mean=sum(results) / len(results))
