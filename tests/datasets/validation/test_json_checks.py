"""What the json alone tells: every failure with file, field and both values."""

import re

import pytest


def set_value(*path, value):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


def drop(*path):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]

    return change


def set_segment(key, value):
    return set_value('annotations', 0, 'segments_info', 0, key, value=value)


def double_segment(content):
    segments = content['annotations'][0]['segments_info']
    segments.append(segments[0])


def double_image(content):
    content['images'].append(content['images'][0])
    content['annotations'].append(content['annotations'][0])


def stuff_first(content):
    content['categories'].reverse()


def crowd_of_stuff(content):
    stuff = {c['id'] for c in content['categories'] if not c['isthing']}
    segments = content['annotations'][0]['segments_info']
    next(s for s in segments if s['category_id'] in stuff)['iscrowd'] = 1


def double_stuff(content):
    stuff = {c['id'] for c in content['categories'] if not c['isthing']}
    segments = content['annotations'][0]['segments_info']
    first = next(s for s in segments if s['category_id'] in stuff)
    segments.append(dict(first, id=12_345))


def keep_kind(isthing):
    """Make every category a thing, or stuff."""

    def change(content):
        for category in content['categories']:
            category['isthing'] = isthing

    return change


def keep_segments_of(isthing):
    """Drop the segments of the other kind."""

    def change(content):
        kept = {c['id'] for c in content['categories'] if c['isthing'] == isthing}
        for annotation in content['annotations']:
            annotation['segments_info'] = [
                s for s in annotation['segments_info'] if s['category_id'] in kept
            ]

    return change


def add_category(content):
    content['categories'].append(dict(id=99, name='unicorn', isthing=0))


@pytest.mark.parametrize(
    ('change', 'level', 'message'),
    [
        (drop('categories'), 'error', r"lacks field 'categories'; it has \['annot"),
        (drop('images'), 'error', r"lacks field 'images'; it has \['annotations', "),
        (drop('annotations'), 'error', 'annotations is empty or missing; only a test'),
        (drop('images', 1, 'height'), 'error', r"images\[1\] lacks field 'height'"),
        (
            set_value('images', 1, 'width', value='96'),
            'error',
            r"images\[1\] has width '96', expected a positive whole number of pixels",
        ),
        (
            set_value('images', value=3),
            'error',
            'images is 3, expected a list',
        ),
        (
            set_value('annotations', 2, value=[]),
            'error',
            r'annotations\[2\] is \[\], expected an object',
        ),
        (double_image, 'error', r'images\[\]\.id must be unique.*\{1: 2\}'),
        (double_image, 'error', r"images\[\]\.file_name must .*\{'000000\.png': 2\}"),
        (double_image, 'error', r'annotations\[\]\.image_id must be .*\{1: 2\}'),
        (double_segment, 'error', r'segments_info of image_id 1, id must be unique'),
        (
            set_value('annotations', 1, 'file_name', value='000000.png'),
            'error',
            r"annotations\[\]\.file_name must be unique.*\{'000000\.png': 2\}",
        ),
        (
            set_segment('category_id', 77),
            'error',
            r'image_id 1 has category_id 77, which categories\[\]\.id lacks: \[1, 2',
        ),
        (set_segment('id', 2**24), 'error', 'id 16777216, but a png holds 1 to 167'),
        (
            set_segment('bbox', [1, 2, 3]),
            'error',
            r'\[0\] has bbox \[1, 2, 3\], expected four numbers',
        ),
        (
            set_segment('bbox', [90, 0, 7, 64]),
            'error',
            r'bbox \[90, 0, 7, 64\] .*leaves the image of 96 x 64 \(width x height\)',
        ),
        (set_segment('bbox', [5, 5, 0, 4]), 'error', 'bbox .* of 0 x 4 pixels'),
        (
            drop('annotations', 0, 'segments_info', 0, 'area'),
            'error',
            r"segments_info of image_id 1, id \d+ lacks field 'area'",
        ),
        (set_segment('iscrowd', 2), 'error', 'has iscrowd 2, expected 0 or 1'),
        (drop('images', 5), 'error', r'5 images.*6 annot.*without image \[6\]'),
        (drop('annotations', 5), 'error', r'6 images.*5 annot.*annotation \[6\]'),
        (
            stuff_first,
            'error',
            r"stuff 'carpet' \(position 0\) comes before thing .*sort_categories.py",
        ),
        (
            set_value('categories', 1, 'name', value='car'),
            'error',
            r"categories\[\]\.name must be unique.*\{'car': 2\}",
        ),
        (
            set_value('categories', 1, 'id', value=1),
            'error',
            r'categories\[\]\.id must',
        ),
        (
            keep_kind(0),
            'warning',
            r'categories\[\]\.isthing is 0 in all 19 .*: no thing at all, so PQ_th',
        ),
        (
            keep_kind(1),
            'warning',
            r'categories\[\]\.isthing is 1 in all 19 .*: no stuff at all, so PQ_st',
        ),
        (
            keep_segments_of(0),
            'warning',
            r'no thing segment at all in annotations\[\] of 6 images.* has 8 with isth',
        ),
        (
            keep_segments_of(1),
            'warning',
            r'no stuff segment at all in annotations\[\] of 6 images.* has 11 with is',
        ),
        (
            add_category,
            'warning',
            r"category 'unicorn' \(id 99\) has no segment in annotations\[\] of 6",
        ),
        (
            crowd_of_stuff,
            'warning',
            r'image_id 1, id \d+ has iscrowd 1, but category_id \d+ has isthing 0',
        ),
        (
            double_stuff,
            'warning',
            r'image_id 1 has 2 segments of category_id \d+, whose isthing is 0',
        ),
        (
            set_value('annotations', 0, 'segments_info', value=[]),
            'warning',
            'segments_info of image_id 1 is empty',
        ),
    ],
)
def test_a_faulty_json_is_told_with_file_field_and_values(
    scenes, change, level, message
):
    scenes.spoil(change)

    wanted = re.compile(rf'{level}: .*panoptic_train\.json: .*{message}')
    problems = scenes.problems(images=False)
    assert any(wanted.search(problem) for problem in problems), problems


def test_a_sound_dataset_has_no_errors(scenes):
    assert scenes.problems('error') == []


def test_a_json_cut_in_half_names_the_position(scenes):
    text = scenes.json_path.read_text()
    scenes.json_path.write_text(text[: len(text) // 2])

    (problem,) = scenes.problems()

    assert re.search(r'panoptic_train\.json: not a complete json.*char \d+', problem)


def test_a_json_that_is_missing_is_one_problem(scenes):
    scenes.json_path.unlink()

    (problem,) = scenes.problems()

    assert "panoptic_train.json' does not exist" in problem


def test_all_problems_of_a_json_are_told_at_once(scenes):
    for change in (stuff_first, double_segment, set_segment('category_id', 77)):
        scenes.spoil(change)

    errors = ' '.join(scenes.problems('error'))

    assert 'things first' in errors
    assert 'id must be unique' in errors
    assert 'category_id 77' in errors


def test_a_test_json_may_lack_annotations(scenes):
    scenes.spoil(drop('annotations'))

    assert scenes.problems(name='test') == []


def test_a_test_json_needs_isthing(scenes):
    scenes.spoil(drop('annotations'))
    scenes.spoil(drop('categories', 0, 'isthing'))

    (problem,) = scenes.problems(name='test')

    assert "categories[0] lacks field 'isthing'" in problem
