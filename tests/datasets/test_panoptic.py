"""PanopticDataset: what it gives, and what it refuses before training."""

import json

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmpisr.datasets import PanopticDataset, PanopticScenes
from mmpisr.registry import DATASETS

PREFIX = dict(img='images/train', seg='annotations/panoptic_train')


def load(root, *, ann_file='annotations/panoptic_train.json', **options):
    options = dict(data_prefix=PREFIX, data_root=str(root)) | options
    return PanopticDataset(ann_file, **options)


@pytest.fixture
def spoiled(scenes_root, scenes_json, tmp_path):
    """Load the json after a function has spoiled it."""

    def load_spoiled(spoil, **options):
        spoil(scenes_json)
        path = tmp_path / 'spoiled.json'
        path.write_text(json.dumps(scenes_json))
        return load(scenes_root, ann_file=str(path), **options)

    return load_spoiled


def test_classes_come_from_the_json_things_first(scenes_root, scenes_json):
    metainfo = load(scenes_root).metainfo

    names = [category['name'] for category in scenes_json['categories']]
    assert metainfo['classes'] == tuple(names)
    assert metainfo['thing_classes'] + metainfo['stuff_classes'] == tuple(names)
    assert metainfo['palette'][0] == tuple(scenes_json['categories'][0]['color'])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(filter_cfg=dict(min_size=65)),
            "'min_size': 65.* 0 of 6 .* most 64 pixels",
        ),
        (dict(indices=[]), r'indices=\[\] leaves no image'),
        (dict(indices=0), 'indices=0 leaves no image'),
    ],
)
def test_a_choice_that_leaves_no_image_is_named(scenes_root, options, message):
    with pytest.raises(ValueError, match=rf'panoptic_train.json: .*{message}'):
        load(scenes_root, **options)


def test_a_pipeline_that_parts_image_and_segments_is_refused(scenes_root):
    steps = [dict(type='mmpisr.LoadPanopticSegments'), dict(type='mmdet.RandomAffine')]
    dataset = load(scenes_root, pipeline=steps)

    with pytest.raises(ValueError, match=r'json: pipeline\[1\] .RandomAffine'):
        dataset[0]


def test_a_lazy_dataset_whose_json_is_not_there_knows_what_it_was_given():
    given = dict(palette=[(1, 2, 3)])

    lazy = PanopticDataset('not/there.json', metainfo=given, lazy_init=True)

    assert dict(lazy.metainfo) == given
    with pytest.raises(FileNotFoundError, match=r'not/there\.json'):
        lazy.full_init()


def test_a_lazy_dataset_knows_its_classes(scenes_root):
    dataset = load(scenes_root, lazy_init=True)

    assert dataset.metainfo == load(scenes_root).metainfo


def test_an_item_has_the_keys_that_mmdet_transforms_read(scenes_root, scenes_json):
    item = load(scenes_root)[1]
    annotation = scenes_json['annotations'][1]

    assert item['img_id'] == annotation['image_id']
    assert item['seg_map_path'].endswith('panoptic_train/000001.png')
    assert (item['height'], item['width']) == (64, 96)
    ids = [segment['id'] for segment in item['segments_info']]
    assert ids == [segment['id'] for segment in annotation['segments_info']]
    things = [s['category'] for s in item['segments_info'] if s['is_thing']]
    assert [instance['bbox_label'] for instance in item['instances']] == things
    assert load(scenes_root).get_cat_ids(1) == things


def test_mmdets_own_transforms_load_it(scenes_root):
    init_default_scope('mmdet')
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='mmdet.LoadPanopticAnnotations'),
        dict(type='mmdet.PackDetInputs'),
    ]
    item = load(scenes_root, pipeline=pipeline)[0]['data_samples']

    assert len(item.gt_instances.masks) == len(item.gt_instances.bboxes) > 0
    assert item.gt_sem_seg.sem_seg.shape == (1, 64, 96)


def test_images_without_things_are_kept(spoiled):
    def drop_things(content):
        things = {c['id'] for c in content['categories'] if c['isthing']}
        annotation = content['annotations'][0]
        annotation['segments_info'] = [
            s for s in annotation['segments_info'] if s['category_id'] not in things
        ]

    dataset = spoiled(drop_things, filter_cfg=dict(filter_empty_gt=True))

    assert len(dataset) == 6
    assert dataset[0]['instances'] == []


def test_the_filter_drops_small_and_empty_images_when_asked(spoiled):
    def empty_one_shrink_one(content):
        content['annotations'][0]['segments_info'] = []
        content['images'][1]['height'] = 10

    dataset = spoiled(
        empty_one_shrink_one, filter_cfg=dict(filter_empty_gt=True, min_size=32)
    )

    assert [item['img_id'] for item in dataset] == [3, 4, 5, 6]


def test_a_test_json_without_annotations_needs_test_mode(spoiled):
    def drop(content):
        del content['annotations']

    dataset = spoiled(drop, test_mode=True)
    assert len(dataset) == 6
    assert dataset[0]['seg_map_path'] is None
    with pytest.raises(ValueError, match='images without annotation'):
        spoiled(lambda content: None)  # still without


def set_value(*path, value):
    """A function that replaces one value deep in a json."""

    def spoil(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return spoil


def stuff_first(content):
    content['categories'].reverse()


def drop_field(*path):
    def spoil(content):
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]

    return spoil


def drop_annotation(content):
    content['annotations'].pop()


def drop_image(content):
    content['images'].pop()


def double_segment(content):
    segments = content['annotations'][0]['segments_info']
    segments.append(segments[0])


def many_categories(content):
    content['categories'] += [
        dict(id=1000 + i, name=f'more {i}', isthing=0) for i in range(240)
    ]


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (stuff_first, r"stuff 'carpet' \(position 0\) .* thing 'sledge' \(position 11"),
        (set_value('categories', 1, 'id', value=1), r'categories\[\]\.id .*\{1: 2\}'),
        (set_value('categories', 1, 'name', value='car'), r"name .*\{'car': 2\}"),
        (drop_field('categories', 2, 'isthing'), r"categories\[2\] lacks .*'isthing'"),
        (many_categories, '259 categories, but at most 255'),
        (drop_field('categories'), "lacks field 'categories'; it has"),
        (set_value('images', 1, 'id', value=1), r'images\[\]\.id .*\{1: 2\}'),
        (drop_field('images', 0, 'height'), r"images\[0\] lacks field 'height'"),
        (set_value('annotations', 1, 'image_id', value=1), r'image_id .*\{1: 2\}'),
        (drop_annotation, r'6 images.* 5 annotations.*without annotation \[6\]'),
        (drop_image, r'5 images.* 6 annotations.*annotations without image \[6\]'),
        (double_segment, r'segments_info of image_id 1, id must be unique'),
        (
            set_value('annotations', 0, 'segments_info', 0, 'category_id', value=77),
            r'image_id 1 has category_id 77, which categories\[\]\.id lacks: \[1, 2',
        ),
        (
            set_value('annotations', 0, 'segments_info', 0, 'id', value=2**24),
            'has id 16777216, but a png holds 1 to 16777215',
        ),
        (
            drop_field('annotations', 0, 'segments_info', 0, 'bbox'),
            r"segments_info of image_id 1 \[0\] lacks field 'bbox'",
        ),
    ],
)
def test_a_faulty_json_is_refused_with_file_field_and_values(spoiled, spoil, message):
    with pytest.raises(ValueError, match=rf'spoiled\.json: .*{message}'):
        spoiled(spoil)


@pytest.mark.parametrize('field', ['images', 'annotations'])
def test_a_listed_file_that_is_missing_is_named(spoiled, field):
    with pytest.raises(FileNotFoundError, match=r'spoiled\.json: .*1 of them .*gone'):
        spoiled(set_value(field, 0, 'file_name', value='gone.png'))


def test_given_classes_must_be_those_of_the_json(scenes_root):
    message = r"class 1 is 'cat' .* in metainfo, but .*\(2 against 19 .* `classes` of"
    with pytest.raises(ValueError, match=message):
        load(scenes_root, metainfo=dict(classes=('car', 'cat')))


def test_a_given_palette_is_kept(scenes_root):
    assert (
        load(scenes_root, metainfo=dict(palette='mine')).metainfo['palette'] == 'mine'
    )


def test_a_missing_json_is_named(scenes_root):
    with pytest.raises(FileNotFoundError, match=r'nothing\.json.* does not exist'):
        load(scenes_root, ann_file='nothing.json')


def test_a_truncated_json_is_named(scenes_root, tmp_path):
    whole = (scenes_root / 'annotations/panoptic_train.json').read_text()
    (tmp_path / 'cut.json').write_text(whole[: len(whole) // 2])

    with pytest.raises(ValueError, match=r'cut\.json: .*truncated'):
        load(scenes_root, ann_file=str(tmp_path / 'cut.json'))


def test_a_json_that_is_a_list_is_named(scenes_root, tmp_path):
    (tmp_path / 'list.json').write_text('[]')

    with pytest.raises(ValueError, match=r'list\.json: expected an object.* list'):
        load(scenes_root, ann_file=str(tmp_path / 'list.json'))


def test_an_unknown_filter_is_named():
    with pytest.raises(ValueError, match=r"filter_cfg has \['min'\], known are"):
        PanopticDataset('a.json', filter_cfg=dict(min=3))


def test_scenes_know_their_relational_classes_before_reading():
    metainfo = PanopticScenes('not/there.json', lazy_init=True).metainfo

    assert set(metainfo['relational_classes']) < set(metainfo['classes'])
    assert len(metainfo['thing_classes']) >= 4
    assert len(metainfo['stuff_classes']) >= 6


def test_missing_scenes_name_the_command_that_makes_them(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=rf'generate_scenes.py --out {tmp_path}'
    ):
        PanopticScenes('a.json', data_root=str(tmp_path), data_prefix=PREFIX)


@pytest.mark.parametrize('indices', [2, [0, 3]])
def test_a_subset_can_be_taken(scenes_root, indices):
    assert len(load(scenes_root, indices=indices)) == 2


def test_the_coco_samples_load(shared_data):
    init_default_scope('mmdet')
    dataset = DATASETS.build(
        dict(
            type='mmpisr.PanopticDataset',
            data_root=str(shared_data / 'coco_panoptic_sample'),
            ann_file='panoptic_examples.json',
            data_prefix=dict(img='input_images', seg='panoptic_examples'),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='mmpisr.LoadPanopticSegments'),
                dict(type='mmpisr.PackPanopticInputs'),
            ],
        )
    )
    samples = [dataset[i]['data_samples'] for i in range(len(dataset))]
    segments = [len(np.unique(s.gt_panoptic_seg.sem_seg)) for s in samples]

    assert (dataset.num_things_classes, dataset.num_classes) == (80, 133)
    assert [s.gt_sem_seg.shape for s in samples] == [(427, 640), (360, 640)]
    assert segments == [18 - 1 + 1, 32 - 2 + 1]  # crowds join void


@pytest.mark.parametrize(('split', 'images'), [('train', 305), ('val', 124)])
def test_camvid_loads(shared_data, split, images):
    dataset = load(
        shared_data / 'camvid_240x180',
        ann_file=f'annotations/panoptic_{split}.json',
        data_prefix=dict(img=f'images/{split}', seg=f'annotations/panoptic_{split}'),
    )

    assert len(dataset) == images
    assert dataset.metainfo['thing_classes'] == ('car', 'pedestrian', 'bicyclist')
    assert len(dataset.metainfo['stuff_classes']) == 8


@pytest.mark.parametrize(
    'given',
    [
        lambda meta: dict(thing_classes=(*meta['thing_classes'], 'bus')),
        lambda meta: dict(thing_classes=meta['thing_classes'][:1] * 2),
        lambda meta: dict(stuff_classes=meta['stuff_classes'][:-1]),
        lambda meta: dict(classes=()),
    ],
)
def test_class_names_of_each_kind_must_be_those_of_the_json(scenes_root, given):
    meta = load(scenes_root).metainfo

    with pytest.raises(ValueError, match='metainfo'):
        load(scenes_root, metainfo=given(meta))
