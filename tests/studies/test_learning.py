import pytest

from mmpisr.studies.learning import common_steps, learned_text


@pytest.mark.parametrize(
    ('curves', 'text'),
    [
        ({}, '-'),
        ({0: {100: 50.0, 200: 60.0}}, '0/1'),
        ({0: {100: 80.0, 200: 60.0}}, '0/1'),  # had it, and lost it
        ({0: {100: 75.0, 200: 75.1}}, '1/1, 200'),
        ({0: {100: 80, 200: 90}, 1: {100: 50, 200: 90}, 2: {100: 50}}, '2/3, 150'),
        ({0: {100: float('nan'), 200: 90.0}}, '1/1, 200'),
    ],
)
def test_a_relation_is_learned_by_those_who_end_above(curves, text):
    assert learned_text(curves) == text


def test_curves_meet_where_all_seeds_were_validated():
    steps, values = common_steps({0: {1: 5.0, 2: 6.0}, 1: {2: 8.0, 3: 9.0}})

    assert steps == [2]
    assert values.tolist() == [[6.0], [8.0]]
