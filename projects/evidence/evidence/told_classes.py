"""Score a model while the classes that each image shows are known."""

from mmpisr.engine.hooks.told_classes_hook import class_layers, told_classes
from mmpisr.evaluation.score_table import ScoreTable

from .scoring import ScoredModel


def score_told_classes(scored: ScoredModel) -> ScoreTable | None:
    """Score all images, the classes that each shows being known.

    Returns:
        None where no layer of the model is known to predict classes.
    """
    layers = class_layers(scored.model)
    if not layers:
        return None
    return scored.score(lambda index: told_classes(layers, scored.present(index)))
