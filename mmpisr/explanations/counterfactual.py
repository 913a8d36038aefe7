"""The same scene with and without what decides a class: does the class flip?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.fileio import load

from mmpisr.datasets.scenes import Scene, draw_scene
from mmpisr.datasets.scenes.writer import SplitPlan

from .loaded_model import LoadedModel

OUTCOMES = 'flips', 'always present', 'always absent', 'reversed', 'not found'
"""Of one object drawn twice; the last: not given one of the two classes both times."""
MIN_AREA = 16  # pixels of an object that can be told


class Twins(NamedTuple):
    """One scene, with and without a decider."""

    there: Scene
    gone: Scene


def scene_plan(loaded: LoadedModel) -> SplitPlan:
    """How the test images were drawn.

    Raises:
        ValueError: They are no embedded scenes.
    """
    path = Path(loaded.dataset.ann_file)
    found = load(path).get('info', {}).get('parameters', {})
    missing = [name for name in SplitPlan._fields if name not in found]
    if missing:
        raise ValueError(
            f'{path}: info.parameters lacks {missing}, it has {[*found]}; only '
            'embedded scenes can be drawn again'
        )
    fields = {name: found[name] for name in SplitPlan._fields}
    return SplitPlan(**fields)._replace(size=tuple(fields['size']))


def flip_outcomes(loaded: LoadedModel) -> np.ndarray:
    """Draw each test scene again, with each decider there and gone, and predict.

    Returns:
        Objects by their outcome, see ``OUTCOMES``, ``(I, R, 5)``.

    Raises:
        ValueError: The test images are no embedded scenes.
    """
    plan = scene_plan(loaded)
    rows = []
    for index in range(len(loaded.dataset)):
        image_id = loaded.dataset.get_data_info(index)['img_id']
        seed = plan.scene_seed(image_id - 1)
        for relation in loaded.relations:
            twins = draw_twins(seed, plan.size, relation['decider'])
            labels = [predicted_labels(loaded, scene) for scene in twins]
            rows.append(count_outcomes(twins, labels, relation, loaded.classes))
    return np.reshape(rows, (len(loaded.dataset), -1, len(OUTCOMES)))


def draw_twins(seed: tuple[int, ...], size: tuple[int, int], decider: str) -> Twins:
    """Draw a scene twice; the other deciders are as the seed has them."""
    there, gone = (
        draw_scene(seed, size, deciders={decider: state}) for state in (True, False)
    )
    return Twins(there, gone)


def predicted_labels(loaded: LoadedModel, scene: Scene) -> np.ndarray:
    """Class of each pixel in the panoptic prediction, void is N, ``(H, W)``."""
    sample = loaded.predict_array(np.ascontiguousarray(scene.image[..., ::-1]))
    return sample.pred_panoptic_seg.sem_seg[0].cpu().numpy() % INSTANCE_OFFSET


def count_outcomes(
    twins: Twins,
    labels: Sequence[np.ndarray],
    relation: Mapping[str, str],
    classes: Sequence[str],
) -> np.ndarray:
    """Sort the objects whose class the decider decides, see ``OUTCOMES``, ``(5,)``.

    Args:
        twins: The two scenes.
        labels: Predicted class of each pixel in each, ``(H, W)``.
        relation: ``decider``, ``present`` and ``absent``.
        classes: Names of the N classes.
    """
    two = classes.index(relation['present']), classes.index(relation['absent'])
    places = {
        (True, False): 0,
        (True, True): 1,
        (False, False): 2,
        (False, True): 3,
    }
    counts = np.zeros(len(OUTCOMES))
    for mask in decided_objects(twins, relation):
        won = [np.bincount(one[mask]).argmax() for one in labels]
        if not {*won} <= {*two}:
            counts[4] += 1
        else:
            counts[places[won[0] == two[0], won[1] == two[0]]] += 1
    return counts


def decided_objects(twins: Twins, relation: Mapping[str, str]) -> list[np.ndarray]:
    """Masks of what is ``present`` in one scene and ``absent`` in the other."""
    absent = [
        index + 1
        for index, (name, _) in enumerate(twins.gone.segments)
        if name == relation['absent']
    ]
    other = np.isin(twins.gone.index_map, absent)
    masks = [
        (twins.there.index_map == index + 1) & other
        for index, (name, _) in enumerate(twins.there.segments)
        if name == relation['present']
    ]
    return [mask for mask in masks if mask.sum() >= MIN_AREA]


def flip_rate(counts: np.ndarray) -> np.ndarray:
    """Percent of the objects found in both that flip, ``(..., 5)`` to ``(...)``."""
    found = counts[..., :4].sum(axis=-1)
    return 100 * counts[..., 0] / np.where(found > 0, found, np.nan)
