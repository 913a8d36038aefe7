from contextlib import contextmanager

import pytest
from tiny_explained import BASE, HOST

from mmpisr.explanations.loaded_model import LoadedModel


def test_an_image_from_memory_is_predicted_as_one_from_a_file(load):
    loaded = load()
    image = loaded.dataset[1]['inputs'].permute(1, 2, 0).numpy()

    from_file, from_memory = loaded.predict(1), loaded.predict_array(image)

    expected = from_file.pred_panoptic_seg.sem_seg
    assert from_memory.pred_panoptic_seg.sem_seg.equal(expected)


def test_images_are_scored_in_their_order(load):
    table = load().score()
    assert [*table.image_ids] == [1, 2, 3]
    assert table.records['pq'].shape == (3, 19, 4)
    assert table.records['relation'].shape == (3, 3, 4)


def test_each_image_is_predicted_in_its_own_context(load):
    seen = []

    @contextmanager
    def around(index):
        seen.append(index)
        yield
        seen.append(-1)

    load().score(around)
    assert seen == [0, -1, 1, -1, 2, -1]


def test_a_base_model_has_no_relation(load):
    assert load(BASE).find_relation() is None


def test_two_relations_are_refused(load):
    loaded = load()
    loaded.model.second = loaded.find_relation()  # the same one twice is one
    assert loaded.find_relation() is loaded.model.second
    loaded.model.second = type(loaded.find_relation())(8, num_classes=2)
    with pytest.raises(ValueError, match=r"one relation.*\['PISR', 'PISR'\]"):
        loaded.find_relation()


def test_a_checkpoint_of_another_model_is_refused(checkpoints):
    with pytest.raises(ValueError, match=r'scenes.pth does not fit the model of .*py'):
        LoadedModel(HOST, checkpoints[BASE])


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth.*does not exist'):
        LoadedModel(HOST, tmp_path / 'none.pth')


def test_a_config_that_measures_no_pq_is_refused(load):
    with pytest.raises(ValueError, match=r"test_evaluator is \['CocoMetric'\]"):
        load(**{'test_evaluator.type': 'CocoMetric'})
