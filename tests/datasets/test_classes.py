"""Classes that are chosen and merged."""

import json

import numpy as np
import pytest

from mmpisr.datasets import PanopticDataset
from mmpisr.datasets.classes import ClassChoice, merged_ids
from mmpisr.datasets.segment_png import encode_segment_ids, replace_ids
from mmpisr.datasets.transforms import LoadPanopticSegments

CATEGORIES = [  # stuff and things mixed, as some tools write them
    dict(id=10, name='road', isthing=0),
    dict(id=20, name='car', isthing=1),
    dict(id=30, name='walk', isthing=0),
    dict(id=40, name='truck', isthing=1),
    dict(id=50, name='sky', isthing=0),
]
IDS = np.repeat([[1, 2, 3, 4, 5, 0]], 2, axis=0)  # one segment a category, and void
MERGED = dict(ground=['road', 'walk'], vehicle=['car', 'truck'])


def write(root, categories=CATEGORIES):
    segments = [
        dict(id=n + 1, category_id=10 * n + 10, area=2, iscrowd=0, bbox=[n, 0, 1, 2])
        for n in range(5)
    ]
    content = dict(
        images=[dict(id=7, file_name='a.png', height=2, width=6)],
        annotations=[dict(image_id=7, file_name='a.png', segments_info=segments)],
        categories=categories,
    )
    (root / 'a.png').write_bytes(encode_segment_ids(IDS))
    (root / 'some.json').write_text(json.dumps(content))


@pytest.fixture
def load(tmp_path):
    def build(classes=MERGED, **options):
        prefix = dict(img=str(tmp_path), seg=str(tmp_path))
        path = str(tmp_path / 'some.json')
        return PanopticDataset(path, data_prefix=prefix, classes=classes, **options)

    write(tmp_path)
    return build


def test_merged_classes_are_things_first_and_recorded_in_metainfo(load):
    metainfo = load().metainfo

    assert metainfo['classes'] == ('vehicle', 'ground')
    assert metainfo['thing_classes'] == ('vehicle',)
    assert metainfo['class_members'] == MERGED


def test_a_lazy_dataset_knows_the_chosen_classes(load):
    assert load(lazy_init=True).metainfo == load().metainfo


def test_merged_things_stay_instances_and_merged_stuff_is_one_segment(load):
    loaded = LoadPanopticSegments()(load()[0])

    labels = [0, *loaded['segments']['labels'] + 1]  # 1 vehicle, 2 ground
    assert np.take(labels, loaded['gt_seg_map'])[0].tolist() == [2, 1, 2, 1, 0, 0]
    assert len(np.unique(loaded['gt_seg_map'])) == 1 + 3  # two vehicles, one ground
    assert [box['bbox_label'] for box in load()[0]['instances']] == [0, 0]


def test_a_list_chooses_and_the_rest_is_void(load):
    dataset = load(['sky', 'car'])
    loaded = LoadPanopticSegments()(dataset[0])

    assert dataset.metainfo['classes'] == ('car', 'sky')
    assert (loaded['gt_seg_map'][0] > 0).tolist() == [0, 1, 0, 0, 1, 0]


def test_images_without_a_chosen_class_are_empty(load):
    options = dict(filter_cfg=dict(filter_empty_gt=True))
    assert len(load(['sky'], **options)) == 1
    load_all = load(['sky'])[0]
    assert [s['id'] for s in load_all['segments_info']] == [5]


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        (dict(car=['car', 'bus']), r"'car'\] .* unknown are \['bus'\]; the categories"),
        (dict(car=[]), r'unknown are \[\]'),
        (dict(a=['car'], b=['truck', 'car']), "'b'.*'car' belongs to class 'a' alread"),
        (dict(a=['car', 'sky']), r"isthing is \{'car': 1, 'sky': 0\}"),
    ],
)
def test_a_wrong_choice_names_file_class_and_categories(load, classes, message):
    with pytest.raises(ValueError, match=rf'some\.json: classes\[.*{message}'):
        load(classes)


def test_without_a_choice_a_mixed_order_names_the_tool(load):
    with pytest.raises(ValueError, match=r'sort_categories\.py .*some\.json SORTED'):
        load(None)


def test_256_categories_are_refused_and_255_chosen_ones_load(load, tmp_path):
    more = [dict(id=100 + i, name=f'c{i}', isthing=0) for i in range(300)]
    write(tmp_path, [*CATEGORIES, *more])

    with pytest.raises(ValueError, match='256 categories, but at most 255 are'):
        load([c['name'] for c in [*CATEGORIES, *more]][:256])
    assert load([c['name'] for c in [*CATEGORIES, *more]][:255]).num_classes == 255


def test_given_class_names_must_be_the_chosen_ones(load):
    with pytest.raises(ValueError, match="class 0 is 'car'.*but 'vehicle'"):
        load(metainfo=dict(classes=('car', 'ground')))


def test_crowds_of_stuff_are_not_merged_with_its_segments():
    segments = [(1, 1, False), (2, 1, True), (3, 1, True), (4, 0, False), (5, 0, False)]
    assert merged_ids([*segments, (6, None, False)], 1) == {3: 2, 6: 0}


def test_ids_are_replaced_all_at_once():
    ids = np.array([[0, 1], [2, 2**24 - 1]], np.int32)
    assert replace_ids(ids, {1: 2, 2: 0}).tolist() == [[0, 2], [0, 2**24 - 1]]
    assert replace_ids(ids, {}) is ids


def test_a_choice_of_names_has_one_member_each():
    assert ClassChoice(('a', 'b')).members == ClassChoice(dict(a='a', b=['b'])).members
