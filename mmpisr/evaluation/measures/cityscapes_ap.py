"""Instance AP as Cityscapes defines it, by cityscapesscripts' own code.

``evalInstanceLevelSemanticLabeling`` counts pixels that each prediction shares with
each true instance, crowd and void, and then makes AP from these counts. Here the counts
come from the maps at hand, and its ``evaluateMatches`` and ``computeAverages`` do the
rest: thresholds 0.5 to 0.95, instances of at least 100 pixels, one detection each,
predictions in void, crowds or too small instances left out.

Pixels that the truth's png does not annotate are void. Differs from the official
numbers where a frame has a single instance of a class that is not evaluated (caravan,
trailer): the official tool counts a prediction there as false, but in the panoptic png
such an instance is void, and the prediction is left out.
"""

import copy
import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np

from ..category_table import CategoryTable
from ..ground_truth import VOID
from ..scored_image import ScoredImage
from .measure import Measure

FIRST_INSTANCE_ID = 1000  # cityscapesscripts takes smaller ids for groups


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
        """Count the pixels of S true things (crowds too) and n predicted ones.

        Returns:
            ``truth_rows (S,)`` and ``pred_rows (n,)``: category rows; ``is_crowd
            (S,)``; ``scores (n,)``: confidences; ``truth_areas (S,)`` and ``pred_areas
            (n,)``: pixels, of predictions never 0; ``void (n,)``: pixels that are void
            in the truth; ``shared (n, S)``: pixels shared with each true thing.
        """
        segments, pred = image.truth.segments, image.instances
        table = image.instance_overlaps()  # (n, values)
        areas = table.sum(axis=1)
        kept = np.append(self.table.is_thing, False)[pred.categories] & (areas > 0)
        table, values = table[kept], image.overlaps.first
        things = np.flatnonzero(self.table.is_thing[segments.categories])
        columns = np.searchsorted(values, segments.ids[things])
        return dict(
            truth_rows=segments.categories[things],
            is_crowd=segments.is_crowd[things],
            truth_areas=image.overlaps.counts.sum(axis=1)[columns],
            pred_rows=pred.categories[kept],
            scores=pred.scores[kept],
            pred_areas=areas[kept],
            void=table[:, values == VOID].sum(axis=1),
            shared=table[:, columns],
        )

    def summarise(self, records: Sequence[dict[str, np.ndarray]]) -> dict[str, float]:
        """Compute the averages of all images by cityscapesscripts; percent."""
        official = official_evaluator()
        rows = np.flatnonzero(self.table.is_thing).tolist()
        arguments = copy.copy(official.args)
        arguments.distanceAvailable = False
        arguments.instLabels = rows
        matches = {
            index: _matches(record, rows) for index, record in enumerate(records)
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
        ImportError: It is not installed; names the command that installs it.
    """
    try:
        from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling
    except ImportError as error:
        raise ImportError(
            "mask_ap='cityscapes' needs cityscapesscripts: pip install --no-deps "
            'cityscapesscripts && pip install pyquaternion pillow'
        ) from error
    return evalInstanceLevelSemanticLabeling


def _matches(record: Mapping[str, np.ndarray], rows: Sequence[int]) -> dict[str, dict]:
    """One image's entry in cityscapesscripts' ``matches``, with rows for names."""
    truth = [
        dict(
            instID=0 if crowd else FIRST_INSTANCE_ID,
            pixelCount=int(area),
            medDist=-1,
            distConf=0.0,
            matchedPred=[],
        )
        for crowd, area in zip(record['is_crowd'], record['truth_areas'], strict=True)
    ]
    columns = (record[field] for field in ('pred_areas', 'scores', 'void'))
    preds = [
        dict(
            pixelCount=int(area),
            confidence=float(score),
            voidIntersection=int(void),
            matchedGt=[],
        )
        for area, score, void in zip(*columns, strict=True)
    ]
    truth_rows, pred_rows = record['truth_rows'], record['pred_rows']
    same = pred_rows[:, None] == truth_rows[None]
    for p, t in zip(*np.nonzero(same & (record['shared'] > 0)), strict=True):
        shared = dict(intersection=int(record['shared'][p, t]))
        truth[t]['matchedPred'].append(_without_lists(preds[p]) | shared)
        preds[p]['matchedGt'].append(_without_lists(truth[t]) | shared)
    return dict(
        groundTruth={r: _of_row(truth, truth_rows, r) for r in rows},
        prediction={r: _of_row(preds, pred_rows, r) for r in rows},
    )


def _without_lists(entry: dict) -> dict:
    return {key: value for key, value in entry.items() if not isinstance(value, list)}


def _of_row(entries: list[dict], rows: np.ndarray, row: int) -> list[dict]:
    return [entries[i] for i in np.flatnonzero(rows == row)]
