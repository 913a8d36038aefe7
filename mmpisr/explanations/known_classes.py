"""What a trained model gains from knowing which classes an image shows.

That is what relations can tell the final stage of an image as a whole. Where it is
worth nothing, as on streets that all show the same, a relation has to help otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from mmpisr.evaluation.score_table import ScoreTable

from .loaded_model import LoadedModel
from .observations import Observations

PREDICTOR = 'semantic_predictor'
"""Of logits ``(B, N, h, w)`` in Panoptic-DeepLab's heads, the final ones last."""


def score_with_known_classes(
    loaded: LoadedModel, observed: Observations
) -> ScoreTable | None:
    """Predict all images with the classes that are not in the truth ruled out.

    Args:
        loaded: A model.
        observed: Of the same model.

    Returns:
        Statistics of those predictions; None where no layer predicts classes of pixels.
    """
    modules = loaded.model.named_modules()
    predictors = [m for name, m in modules if name.rpartition('.')[2] == PREDICTOR]
    if not predictors:
        return None
    return loaded.score(lambda i: _ruled_out(predictors[-1], ~observed.present[i]))


@contextmanager
def _ruled_out(predictor: nn.Module, absent: np.ndarray) -> Iterator[None]:
    """Give the absent classes, bool ``(N,)``, the least logit within the block."""

    def rule_out(_: nn.Module, inputs: tuple, logits: Tensor) -> Tensor:
        gone = torch.from_numpy(absent).to(logits.device)[:, None, None]  # (N, 1, 1)
        return logits.masked_fill(gone, torch.finfo(logits.dtype).min)

    handle = predictor.register_forward_hook(rule_out)
    try:
        yield
    finally:
        handle.remove()
