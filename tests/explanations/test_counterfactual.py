import numpy as np
import pytest

from mmpisr.datasets.scenes import METAINFO, RELATIONS, Scene
from mmpisr.explanations.counterfactual import (
    Twins,
    count_outcomes,
    decided_objects,
    draw_twins,
    flip_outcomes,
    flip_rate,
    predicted_labels,
    scene_plan,
)

CLASSES = [*METAINFO['classes']]
BUOY, BALL, SKY = (CLASSES.index(name) for name in ('buoy', 'ball', 'sky'))
RELATION = RELATIONS[0]._asdict()


def twins():
    """One ball of 16 pixels on a sky."""
    index_map = np.ones((8, 8), dtype=np.int32)
    index_map[2:6, 2:6] = 2
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    there, gone = (
        Scene(image, index_map, [('sky', False), (name, False)])
        for name in ('buoy', 'ball')
    )
    return Twins(there, gone)


@pytest.mark.parametrize(
    ('answers', 'outcome'),
    [
        ((BUOY, BALL), 0),
        ((BUOY, BUOY), 1),
        ((BALL, BALL), 2),
        ((BALL, BUOY), 3),
        ((SKY, BALL), 4),
        ((BUOY, SKY), 4),
    ],
)
def test_an_object_has_one_outcome(answers, outcome):
    labels = [np.full((8, 8), answer) for answer in answers]
    counts = count_outcomes(twins(), labels, RELATION, CLASSES)
    assert counts.tolist() == np.eye(5)[outcome].tolist()


def test_most_pixels_of_an_object_decide():
    labels = np.full((8, 8), SKY)
    labels[2:6, 2:5] = BUOY
    counts = count_outcomes(twins(), [labels, np.full((8, 8), BALL)], RELATION, CLASSES)
    assert counts[0] == 1


def test_objects_too_small_to_tell_are_left_out():
    small = twins()
    small.there.index_map[2, 2] = 1
    assert decided_objects(small, RELATION) == []


def test_twins_differ_where_the_decider_stands_and_in_what_it_decides():
    drawn = draw_twins((0, 1, 0), (128, 192), 'snow')
    assert ('snow', False) in drawn.there.segments
    assert ('snow', False) not in drawn.gone.segments
    masks = decided_objects(drawn, RELATIONS[1]._asdict())
    names = [name for name, _ in drawn.there.segments]
    assert len(masks) == names.count('sledge')
    for mask in masks:
        assert (drawn.there.image[mask] == drawn.gone.image[mask]).all()


def test_the_rate_is_of_objects_that_were_found():
    assert flip_rate(np.array([3, 1, 0, 0, 9])) == 75
    assert np.isnan(flip_rate(np.array([0, 0, 0, 0, 9])))


def test_the_twin_that_the_seed_has_is_the_test_image(load):
    loaded = load()
    plan = scene_plan(loaded)
    info = loaded.dataset.get_data_info(2)

    drawn = draw_twins(plan.scene_seed(info['img_id'] - 1), plan.size, 'boat')

    image = loaded.dataset[2]['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
    assert any((scene.image == image).all() for scene in drawn)


def test_outcomes_are_counted_for_each_image_and_relation(load):
    found = flip_outcomes(load())
    assert found.shape == (3, 3, 5)
    assert found.sum() > 0


def test_labels_have_the_size_of_the_scene(load):
    scene = draw_twins((0, 1, 0), (64, 96), 'boat').there
    assert predicted_labels(load(), scene).shape == (64, 96)


def test_other_data_cannot_be_drawn_again(load, tmp_path):
    loaded = load()
    (tmp_path / 'other.json').write_text('{"info": {}}')
    loaded.dataset.ann_file = str(tmp_path / 'other.json')
    with pytest.raises(
        ValueError, match=r"other.json: info.parameters lacks \['split'"
    ):
        scene_plan(loaded)
