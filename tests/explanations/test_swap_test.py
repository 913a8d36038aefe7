import numpy as np
import pytest
from tiny_explained import BASE

from mmpisr.explanations.observations import observe
from mmpisr.explanations.swap_test import PARTS, UNCHANGED, derangement, run_swap_test


@pytest.mark.parametrize('count', [2, 3, 50])
def test_every_image_gets_another_and_each_gives_once(count):
    donors = derangement(count, seed=0)
    assert (donors != np.arange(count)).all()
    assert sorted(donors) == [*range(count)]
    assert (donors == derangement(count, seed=0)).all()


def test_one_image_cannot_be_swapped():
    with pytest.raises(ValueError, match='1 images cannot be swapped'):
        derangement(1, seed=0)


def test_the_model_is_scored_under_each_condition_and_left_as_it_was(load):
    loaded = load()
    observed = observe(loaded)

    found = run_swap_test(loaded, observed)

    names = [UNCHANGED, *(f'{p} {how}' for how in ('swapped', 'zero') for p in PARTS)]
    assert [*found.tables] == names
    before = found.tables[UNCHANGED].records['miou']
    assert not (found.tables['all zero'].records['miou'] == before).all()
    assert (loaded.score().records['miou'] == before).all()


def test_without_pisr_there_is_nothing_to_swap(load):
    loaded = load(BASE)
    with pytest.raises(ValueError, match='the model has no relation'):
        run_swap_test(loaded, observe(loaded))
