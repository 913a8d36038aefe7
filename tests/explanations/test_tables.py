import numpy as np
import pytest

from mmpisr.evaluation.resampling import Interval
from mmpisr.evaluation.score_table import ScoreTable
from mmpisr.explanations.examination import Examination, TrainedSeeds
from mmpisr.explanations.observations import Observations
from mmpisr.explanations.score_summary import ScoreRow
from mmpisr.explanations.seed_means import SeedMean
from mmpisr.explanations.swap_test import PARTS, SwapTest
from mmpisr.explanations.tables import (
    class_quality_table,
    class_table,
    condition_values,
    donor_table,
    flip_table,
    known_table,
    percent,
    swap_table,
)

CLASSES = ['boat', 'buoy', 'ball']
RELATION = dict(decider='boat', present='buoy', absent='ball')
NAN = float('nan')
CHANGED = [f'{part} {how}' for how in ('swapped', 'zero') for part in PARTS]


def scores(iou):
    """Two images with one segment a class, matched with that IoU.

    The buoy of the first is right in so many of its 100 pixels, the ball of the second
    in all of them.
    """
    pq = np.tile([iou, 1, 0, 0], (2, 3, 1))
    right = 100 * iou
    relation = np.array([[[right, 100 - right, 0, 0]], [[0, 0, 0, 100]]])
    categories = [dict(name=name, isthing=1) for name in CLASSES]
    records = dict(pq=pq, relation=relation)
    return ScoreTable([1, 2], categories, None, records, [RELATION])


@pytest.fixture
def examined():
    """Two seeds, the same; swapping takes 0.2 of each IoU."""
    tables = {'unchanged': scores(0.8), **dict.fromkeys(CHANGED, scores(0.6))}
    present = np.array([[True, True, False], [False, False, True]])
    observed = Observations(scores(0.8), present, present * 0.1, [], [], [])
    flips = np.array([[[3, 1, 0, 0, 0]], [[0, 0, 0, 0, 1]]])
    return Examination(
        TrainedSeeds('PISR', 'c.py', ['1.pth', '2.pth'], {}),
        CLASSES,
        None,
        [RELATION],
        [observed] * 2,
        [SwapTest(tables, np.array([1, 0]))] * 2,
        [scores(0.9)] * 2,
        [flips] * 2,
    )


def test_values_are_those_of_the_unchanged_model_and_differences_to_it(examined):
    lines = swap_table(examined).splitlines()
    assert lines[2].startswith('| unchanged | 80.00 |')
    assert lines[3].startswith('| all swapped | **-20.00** [-20.00, -20.00] |')
    assert len(lines) == 3 + len(CHANGED)


def test_knowing_the_classes_is_compared_with_the_model_as_it_is(examined):
    lines = known_table([examined]).splitlines()
    assert lines[2].startswith('| PISR | 80.00 |')
    assert lines[3].startswith('| classes known | **+10.00** [+10.00, +10.00] |')


def test_each_model_has_its_value(examined):
    assert condition_values(examined, 'all swapped')['PQ'] == pytest.approx([60, 60])


def test_classes_have_their_own_quality(examined):
    page = class_quality_table(examined)
    assert '| buoy | 80.0 | 60.0 | 60.0 | 60.0 | 60.0 | -20.0 |' in page


def test_a_donor_that_differs_is_set_apart(examined):
    # each image has the other as donor, and they differ: 60 and 100 of 200 pixels right
    assert '| boat | all swapped | - | 80.0 [' in donor_table(examined)


def test_flips_are_of_the_objects_found_in_both(examined):
    row = '| boat: buoy, ball | PISR | 5 | 75.0 [75.0, 75.0] | 60.0 | 20.0 | 0.0 |'
    assert row in flip_table([examined])


def test_a_class_without_slots_has_none():
    row = ScoreRow('sky', 3, 2, 0.5, 0.25, 1.0, Interval(0.9, 1.0), (1.0,), 0.1)
    expected = '| sky | 3 | 0.50 | 0.25 | - | 1.000 [0.900, 1.000] | 0.10 |'
    assert expected in class_table([row], {'sky': NAN})
    assert class_table([row], {}) == class_table([row], {'sky': NAN})


def test_nothing_is_a_dash():
    assert percent(SeedMean(NAN, Interval(NAN, NAN), ())) == '-'
