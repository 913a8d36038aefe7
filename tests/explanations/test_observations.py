import numpy as np
import pytest
from tiny_explained import BASE

from mmpisr.explanations.observations import observe
from mmpisr.models.relations import EncodingReweighting


def test_a_pass_with_pisr_keeps_scores_and_encodings(load):
    loaded = load()

    found = observe(loaded)

    assert found.present.shape == found.found.shape == (3, 19)
    assert found.found.sum(axis=1) == pytest.approx(1)
    assert [len(one.classes) for one in found.scores] == [19] * 3
    assert found.encodings[0].values.shape == (
        1,
        39,
        loaded.find_relation().in_channels,
    )
    confidence = [image.shape for image in found.confidence]
    assert confidence == [found.encodings[0].valid.shape[1:]] * 3
    assert (found.present[0] == found.scores[0].present).all()
    assert not loaded.find_relation()._forward_hooks
    assert not loaded.find_relation().reweighting._forward_hooks


def test_confidence_is_what_scores_without_a_network_are(load):
    loaded = load()
    relation = loaded.find_relation()
    relation.reweighting = EncodingReweighting(relation.in_channels, hidden_channels=0)

    found = observe(loaded)

    for confidence, scores in zip(found.confidence, found.scores, strict=True):
        read = np.concatenate([scores.classes, scores.slots])
        filled = np.concatenate([np.ones_like(scores.present), scores.filled])
        assert confidence[filled] == pytest.approx(read[filled], abs=1e-4)


def test_a_base_model_has_found_what_it_predicts(load):
    loaded = load(BASE)

    found = observe(loaded)

    assert found.scores == found.encodings == found.confidence == []
    labels = loaded.predict(0).pred_panoptic_seg.sem_seg % 1000
    shares = np.bincount(labels.flatten(), minlength=20)[:19] / labels.numel()
    assert found.found[0] == pytest.approx(shares)


def test_a_relation_without_scores_gives_none(load, checkpoints):
    loaded = load()
    loaded.find_relation().reweighting = None

    found = observe(loaded)

    assert found.scores == found.confidence == []
    assert len(found.encodings) == 3


def test_classes_that_a_relation_reads_as_one_cannot_be_told(load):
    loaded = load()
    loaded.model.class_rows = [0] * 8 + [*range(1, 12)]
    assert np.isnan(observe(loaded).found).all()
