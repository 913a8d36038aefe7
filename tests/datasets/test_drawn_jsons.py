"""COCO-panoptic jsons drawn at random, correct or with one fault of a known kind."""

import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from drawn_cases import check_cases, refusal
from drawn_scenes import (
    Category,
    category_lists,
    draw_scene,
    panoptic_content,
    read_back,
    true_segments,
    write_panoptic,
)
from hypothesis import strategies as st

from mmpisr.datasets.validation.command import main as validate

IMAGE_NAMES = ('f0.png', 'a/f0.png', 'b c/f1.bmp', 'ünï/Ä.PNG')


class Written(NamedTuple):
    """A data set on its way to a folder."""

    content: dict
    maps: dict[str, np.ndarray]
    rng: np.random.Generator

    def any(self, field: str) -> dict:
        """An entry of a list of the json."""
        entries = self.content[field]
        return entries[self.rng.integers(len(entries))]

    def any_segment(self) -> dict:
        """A segment of an image; a new one of no pixels where there is none."""
        segments = self.any('annotations')['segments_info']
        if not segments:
            category = self.any('categories')['id']
            segments.append(dict(id=1, category_id=category, bbox=[0, 0, 1, 1]))
        return segments[self.rng.integers(len(segments))]


class Case(NamedTuple):
    """What is drawn."""

    categories: list[Category]
    names: list[str]
    size: tuple[int, int]
    seed: int
    change: str


def drop(list_name: str, field: str) -> Callable:
    def change(data: Written) -> None:
        entry = data.any_segment() if list_name == 'segments' else data.any(list_name)
        del entry[field]

    return change


def put(list_name: str, field: str, value: Any) -> Callable:
    def change(data: Written) -> None:
        entry = data.any_segment() if list_name == 'segments' else data.any(list_name)
        entry[field] = value

    return change


def double(list_name: str) -> Callable:
    def change(data: Written) -> None:
        data.content[list_name].append(dict(data.any(list_name)))

    return change


def double_segment(data: Written) -> None:
    data.any_segment()
    annotations = data.content['annotations']
    segments = next(a['segments_info'] for a in annotations if a['segments_info'])
    segments.append(dict(segments[0]))


def stuff_first(data: Written) -> None:
    data.content['categories'].insert(0, dict(id=999, name='mud', isthing=0))


def lose_annotation(data: Written) -> None:
    data.content['annotations'].remove(data.any('annotations'))


def other_id_in_png(data: Written) -> None:
    name = data.any('annotations')['file_name']
    listed = {s['id'] for a in data.content['annotations'] for s in a['segments_info']}
    data.maps[name][0, 0] = next(n for n in range(1, 99) if n not in listed)


def other_size_of_png(data: Written) -> None:
    name = data.any('annotations')['file_name']
    data.maps[name] = np.pad(data.maps[name], ((0, 1), (0, 0)), mode='edge')


def other_size_in_json(data: Written) -> None:
    data.any('images')['width'] += 1


def shuffle(data: Written) -> None:
    data.rng.shuffle(data.content['annotations'])
    for annotation in data.content['annotations']:
        data.rng.shuffle(annotation['segments_info'])


def nothing(data: Written) -> None:
    pass


def more_fields(data: Written) -> None:
    data.content.update(info=dict(year=2026), licenses=[])
    for image in data.content['images']:
        image['license'] = None


def texts_as_ids(data: Written) -> None:
    for image in data.content['images']:
        image['id'] = f'image {image["id"]}'
    for annotation in data.content['annotations']:
        annotation['image_id'] = f'image {annotation["image_id"]}'


def instances_json(data: Written) -> None:
    data.content['annotations'] = [
        dict(
            id=1,
            image_id=data.content['images'][0]['id'],
            category_id=data.content['categories'][0]['id'],
            bbox=[0, 0, 1, 1],
            area=1,
            iscrowd=0,
            segmentation=[[0, 0, 1, 0, 1, 1]],
        )
    ]


JSON, PNG, IMAGE = 'panoptic.json', r'\.png', 'images/'
CORRECT: dict[str, Callable] = {
    'nothing changed': nothing,
    'order of annotations and segments': shuffle,
    'more fields': more_fields,
    'image ids are texts': texts_as_ids,
}
FAULTY: dict[str, tuple[Callable, str]] = {  # what the message must say
    'no categories': (lambda d: d.content.pop('categories'), "json.*'categories'"),
    'no images': (lambda d: d.content.pop('images'), "json.*'images'"),
    'categories are an object': (
        lambda d: d.content.update(categories={}),
        'json.*categories is {}, expected a list',
    ),
    'image without id': (drop('images', 'id'), r"json.*images\[\d\] lacks field 'id'"),
    'image without name': (
        drop('images', 'file_name'),
        r"json.*images\[\d\] lacks field 'file_name'",
    ),
    'image without height': (
        drop('images', 'height'),
        r"json.*images\[\d\] lacks field 'height'",
    ),
    'width is a text': (
        put('images', 'width', '640'),
        r"json.*images\[\d\] has width '640', expected",
    ),
    'height 0': (put('images', 'height', 0), r'json.*images\[\d\] has height 0'),
    'image listed twice': (double('images'), r'json.*images\[\]\.id must be unique'),
    'image missing on disk': (
        put('images', 'file_name', 'gone.png'),
        r'json.*images\[\].*gone\.png',
    ),
    'category without isthing': (
        drop('categories', 'isthing'),
        r"json.*categories\[\d\] lacks field 'isthing'",
    ),
    'isthing is 2': (
        put('categories', 'isthing', 2),
        r'json.*categories\[\d\] has isthing 2, expected 0 or 1',
    ),
    'isthing is a text': (
        put('categories', 'isthing', 'yes'),
        r"json.*categories\[\d\] has isthing 'yes', expected 0 or 1",
    ),
    'category listed twice': (
        double('categories'),
        r'json.*categories\[\]\.id must be unique',
    ),
    'stuff before things': (stuff_first, "json.*things first, but stuff 'mud'"),
    'annotation without image': (
        put('annotations', 'image_id', 4),
        r'json.*images without annotation.*annotations without image \[4\]',
    ),
    'image without annotation': (
        lose_annotation,
        r'json.*(images without annotation|lacks|no annotations)',
    ),
    'annotated twice': (
        double('annotations'),
        r'json.*annotations\[\]\.image_id must be unique',
    ),
    'annotation without png': (
        drop('annotations', 'file_name'),
        r"json.*annotations\[\d\] lacks field 'file_name'",
    ),
    'png missing on disk': (
        put('annotations', 'file_name', 'gone.png'),
        r'json.*annotations\[\].*gone\.png',
    ),
    'segment without id': (drop('segments', 'id'), "json.*lacks field 'id'"),
    'segment without category': (
        drop('segments', 'category_id'),
        "json.*lacks field 'category_id'",
    ),
    'segment without box': (drop('segments', 'bbox'), "json.*lacks field 'bbox'"),
    'box of three': (
        put('segments', 'bbox', [1, 2, 3]),
        r'json.*has bbox \[1, 2, 3\], expected four numbers',
    ),
    'unknown category': (
        put('segments', 'category_id', 998),
        r'json.*has category_id 998, which categories\[\]\.id lacks',
    ),
    'segment id 0': (put('segments', 'id', 0), 'json.*has id 0, but a png holds'),
    'segment id of 25 bits': (
        put('segments', 'id', 2**24),
        'json.*has id 16777216, but a png holds',
    ),
    'segment listed twice': (double_segment, 'json.*id must be unique'),
    'id in png only': (other_id_in_png, r'\.png.*ids that the json lacks'),
    'id in json only': (put('segments', 'id', 123), r'\.png.*ids that the png lacks'),
    'png of another size': (other_size_of_png, r'\.png.*\(height, width\) of the png'),
    'other size in json': (other_size_in_json, r'\(height, width\)'),
    'json of instances': (instances_json, 'json.*(instances|segmentation)'),
}


@st.composite
def cases(draw) -> Case:
    return Case(
        draw(category_lists()),
        draw(st.lists(st.sampled_from(IMAGE_NAMES), min_size=1, unique=True)),
        draw(st.tuples(st.integers(1, 12), st.integers(1, 12))),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.sampled_from([*CORRECT, *FAULTY])),
    )


def check(folder: Path, case: Case) -> str:
    """Read what is correct as it was drawn; refuse the rest for its own reason."""
    scenes = {
        name: draw_scene(case.seed + i, case.categories, size=case.size)
        for i, name in enumerate(case.names)
    }
    content, maps = panoptic_content(scenes, case.categories, seed=case.seed)
    rng = np.random.default_rng(case.seed)
    change, reason = FAULTY.get(case.change) or (CORRECT.get(case.change), None)
    change(Written(content, maps, rng))
    write_panoptic(folder, content, maps, scenes)

    json_path, pngs, images = (
        folder / part for part in ('panoptic.json', 'pngs', 'images')
    )
    command = [json_path, '--img-prefix', images, '--seg-prefix', pngs, '--workers', 1]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        status = validate([*map(str, command)])
    message = refusal(read_back, json_path, pngs, images)
    if reason:
        assert message, f'{case.change}: accepted'
        assert re.search(reason, message, re.DOTALL), f'{case.change}: {message}'
        assert status == 1, f'{case.change}: the validator finds no error'
        return f'refused: {case.change}'

    assert message is None, case.change
    assert status == 0, f'{case.change}: the validator finds an error'
    found = read_back(json_path, pngs, images)
    assert set(found) == set(scenes)
    for name, (picture, segments) in found.items():
        np.testing.assert_array_equal(picture, scenes[name].picture)
        assert segments == true_segments(scenes[name], case.categories)
    return f'read: {case.change}'


def test_a_json_is_read_as_it_was_drawn_or_refused_for_its_fault(record_property):
    record_property('drawn jsons', check_cases(cases(), check))
