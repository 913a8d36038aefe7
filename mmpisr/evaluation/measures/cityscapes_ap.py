"""Instance AP as Cityscapes defines it, by cityscapesscripts' own code.

``evalInstanceLevelSemanticLabeling`` counts pixels that each prediction shares with
each true instance, crowd and void, and then makes AP from these counts. Here the counts
come from the maps at hand, and its ``evaluateMatches`` and ``computeAverages`` do the
rest: thresholds 0.5 to 0.95, instances of at least 100 pixels, one detection each,
predictions that lie in void, crowd or too small instances left out.

Void is what the truth's png leaves unannotated. Differs from the official numbers
where a frame has a single instance of a class that is not evaluated (caravan,
trailer): the official tool counts a prediction there as false, but in the panoptic png
such an instance is void, and the prediction is left out.
"""

import copy
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from ..category_table import CategoryTable
from ..ground_truth import VOID
from ..scored_image import ScoredImage
from .measure import Measure

FIRST_INSTANCE_ID = 1000  # cityscapesscripts takes smaller ids for groups


class InstanceCounts(NamedTuple):
    """What one image leaves: S true things (crowds too), n predicted ones.

    Attributes:
        truth_rows: Category row of each true thing, ``(S,)``.
        is_crowd: Which are groups, bool, ``(S,)``.
        truth_areas: Their pixels, ``(S,)``.
        pred_rows: Category row of each predicted thing, ``(n,)``.
        scores: Confidence of each, ``(n,)``.
        pred_areas: Their pixels, never 0, ``(n,)``.
        void: Pixels of each that are void in the truth, ``(n,)``.
        shared: Pixels that each shares with each true thing, ``(n, S)``.
    """

    truth_rows: np.ndarray
    is_crowd: np.ndarray
    truth_areas: np.ndarray
    pred_rows: np.ndarray
    scores: np.ndarray
    pred_areas: np.ndarray
    void: np.ndarray
    shared: np.ndarray


class CityscapesAP(Measure):
    """``AP`` and ``AP50`` over the thing classes.

    Args:
        table: The categories.

    Raises:
        ImportError: cityscapesscripts is not installed.
    """

    name = 'cityscapes_ap'

    def __init__(self, table: CategoryTable) -> None:
        self.table = table
        official_evaluator()

    def of_image(self, image: ScoredImage) -> dict[str, np.ndarray]:
        """Make ``InstanceCounts``, as a dict: mmengine keeps no named tuples."""
        segments, pred = image.truth.segments, image.instances
        table = image.instance_overlaps()  # (n, values)
        areas = table.sum(axis=1)
        kept = np.append(self.table.is_thing, False)[pred.categories] & (areas > 0)
        table, values = table[kept], image.overlaps.first
        things = np.flatnonzero(self.table.is_thing[segments.categories])
        columns = np.searchsorted(values, segments.ids[things])
        counts = InstanceCounts(
            truth_rows=segments.categories[things],
            is_crowd=segments.is_crowd[things],
            truth_areas=image.overlaps.counts.sum(axis=1)[columns],
            pred_rows=pred.categories[kept],
            scores=pred.scores[kept],
            pred_areas=areas[kept],
            void=table[:, values == VOID].sum(axis=1),
            shared=table[:, columns],
        )
        return counts._asdict()

    def summarise(self, records: Sequence[dict[str, np.ndarray]]) -> dict[str, float]:
        """Let cityscapesscripts make averages of all images' counts; percent."""
        official = official_evaluator()
        rows = np.flatnonzero(self.table.is_thing).tolist()
        arguments = copy.copy(official.args)
        arguments.distanceAvailable = False
        arguments.instLabels = rows
        matches = {
            index: _matches(InstanceCounts(**record), rows)
            for index, record in enumerate(records)
        }
        with warnings.catch_warnings():  # of means over no class
            warnings.simplefilter('ignore', RuntimeWarning)
            precisions = official.evaluateMatches(matches, arguments)
            averages = official.computeAverages(precisions, arguments)
        return dict(
            AP=100 * float(averages['allAp']), AP50=100 * float(averages['allAp50%'])
        )


def official_evaluator() -> ModuleType:
    """Import cityscapesscripts' instance evaluation.

    Raises:
        ImportError: It is not installed; says how to.
    """
    try:
        from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling
    except ImportError as error:
        raise ImportError(
            "mask_ap='cityscapes' needs cityscapesscripts: pip install --no-deps "
            'cityscapesscripts && pip install pyquaternion pillow'
        ) from error
    return evalInstanceLevelSemanticLabeling


def _matches(counts: InstanceCounts, rows: Sequence[int]) -> dict[str, dict]:
    """One image's entry in cityscapesscripts' ``matches``, with rows for names."""
    truth = [
        dict(
            instID=0 if crowd else FIRST_INSTANCE_ID,
            pixelCount=int(area),
            medDist=-1,
            distConf=0.0,
            matchedPred=[],
        )
        for crowd, area in zip(counts.is_crowd, counts.truth_areas, strict=True)
    ]
    preds = [
        dict(
            pixelCount=int(area),
            confidence=float(score),
            voidIntersection=int(void),
            matchedGt=[],
        )
        for area, score, void in zip(
            counts.pred_areas, counts.scores, counts.void, strict=True
        )
    ]
    same = counts.pred_rows[:, None] == counts.truth_rows[None]
    for p, t in zip(*np.nonzero(same & (counts.shared > 0)), strict=True):
        shared = dict(intersection=int(counts.shared[p, t]))
        truth[t]['matchedPred'].append(_without_lists(preds[p]) | shared)
        preds[p]['matchedGt'].append(_without_lists(truth[t]) | shared)
    return dict(
        groundTruth={r: _of_row(truth, counts.truth_rows, r) for r in rows},
        prediction={r: _of_row(preds, counts.pred_rows, r) for r in rows},
    )


def _without_lists(entry: dict) -> dict:
    return {key: value for key, value in entry.items() if not isinstance(value, list)}


def _of_row(entries: list[dict], rows: np.ndarray, row: int) -> list[dict]:
    return [entries[i] for i in np.flatnonzero(rows == row)]
