import numpy as np
import pytest
from tiny_explained import BASE, HOST
from torch import nn

from mmpisr.explanations.known_classes import score_with_known_classes
from mmpisr.explanations.observations import observe


@pytest.mark.parametrize('config', [BASE, HOST])
def test_nothing_is_predicted_that_an_image_is_known_to_lack(load, config):
    loaded = load(config)
    observed = observe(loaded)
    present = np.zeros_like(observed.present)
    present[:, [0, 8]] = True

    known = score_with_known_classes(loaded, observed._replace(present=present))

    areas = known.records['miou'].sum(axis=0)  # (N, 3): both, truth, predicted
    assert np.flatnonzero(areas[:, 2]).tolist() in ([0], [8], [0, 8])


def test_with_all_classes_known_to_be_there_nothing_changes(load):
    loaded = load()
    observed = observe(loaded)
    present = np.ones_like(observed.present)

    known = score_with_known_classes(loaded, observed._replace(present=present))

    assert (known.records['miou'] == observed.table.records['miou']).all()
    assert (loaded.score().records['miou'] == observed.table.records['miou']).all()


def test_a_model_without_classes_of_pixels_has_no_such_score(load):
    loaded = load(BASE)
    observed = observe(loaded)
    loaded.model = nn.Identity()

    assert score_with_known_classes(loaded, observed) is None
