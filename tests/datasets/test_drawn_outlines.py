"""Jsons of instances drawn at random: polygons, RLE, crowds, overlaps, faults."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from coco_instances import prepare_coco_instances
from drawn_cases import check_cases, refusal
from drawn_pictures import save
from drawn_scenes import Segment, read_back
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask

NAMES = ('car', 'person', 'sky')  # the last is stuff where it is the background
STORED = ('polygon', 'two polygons', 'counts', 'compressed counts')
NOTHING, SKY = -1, 2


class Outline(NamedTuple):
    """A rectangle, or two, with its class; may lie partly outside of the image."""

    boxes: list[tuple[int, int, int, int]]  # left, top, width, height
    label: int
    stored: str
    crowd: bool


class Case(NamedTuple):
    """What is drawn."""

    size: tuple[int, int]
    outlines: list[Outline]
    overlap: str
    background: bool
    fault: str | None


def box_mask(box: tuple, size: tuple[int, int]) -> np.ndarray:
    left, top, width, height = box
    mask = np.zeros(size, bool)
    bottom, right = max(top + height, 0), max(left + width, 0)
    mask[max(top, 0) : bottom, max(left, 0) : right] = True
    return mask


def mask_of(outline: Outline, size: tuple[int, int]) -> np.ndarray:
    return np.any([box_mask(box, size) for box in outline.boxes], axis=0)


def segmentation(outline: Outline, size: tuple[int, int]):
    if 'polygon' in outline.stored:
        return [
            [x, y, x + w, y, x + w, y + h, x, y + h] for x, y, w, h in outline.boxes
        ]
    rle = coco_mask.encode(np.asfortranarray(mask_of(outline, size), np.uint8))
    if outline.stored == 'compressed counts':
        return dict(size=[*size], counts=rle['counts'].decode())
    flat = mask_of(outline, size).ravel(order='F')
    changes = np.flatnonzero(np.diff(flat)) + 1
    ends = [0] * int(flat[0]) + [0, *changes.tolist(), flat.size]
    return dict(size=[*size], counts=np.diff(ends).tolist())


def content_of(case: Case) -> dict:
    height, width = case.size
    image = dict(id=5, file_name='a/f0.png', height=height, width=width)
    categories = [dict(id=11 + i, name=name) for i, name in enumerate(NAMES)]
    annotations = [
        dict(
            id=number,
            image_id=5,
            category_id=11 + outline.label,
            iscrowd=int(outline.crowd),
            segmentation=segmentation(outline, case.size),
        )
        for number, outline in enumerate(case.outlines)
    ]
    return dict(images=[image], categories=categories, annotations=annotations)


def expected(case: Case) -> set[Segment]:
    """Stuff below crowds below things; then the later or the smaller on top."""
    size = case.size
    labels = np.full(size, SKY if case.background else NOTHING)
    owners = np.full(size, NOTHING)
    masks = [mask_of(outline, size) for outline in case.outlines]

    def height(number: int) -> tuple:
        outline = case.outlines[number]
        stuff = case.background and outline.label == SKY
        layer = 0 if stuff else 1 if outline.crowd else 2
        return layer, -masks[number].sum() if case.overlap == 'area' else 0, number

    for number in sorted(range(len(masks)), key=height):
        labels[masks[number]] = case.outlines[number].label
        stuff = height(number)[0] == 0
        owners[masks[number]] = NOTHING if stuff else number
    segments = set()
    for label, owner in {*zip(labels.flat, owners.flat, strict=True)} - {(-1, -1)}:
        mask = (labels == label) & (owners == owner)
        crowd = owner != NOTHING and case.outlines[owner].crowd
        segments.add((NAMES[label], crowd, mask.tobytes()))
    return segments


def first(name: str, **fields) -> Callable[[dict], None]:
    return lambda content: content[name][0].update(fields)


FAULTS: dict[str, tuple[Callable[[dict], None], str]] = {
    'unknown image': (first('annotations', image_id=6), r'image_id 6, but images has'),
    'unknown category': (
        first('annotations', category_id=99),
        r'category_id 99, but categories has',
    ),
    'image twice': (
        lambda c: c['images'].append(c['images'][0]),
        r'images\[\]\.id must be unique',
    ),
    'no image_id': (
        lambda c: c['annotations'][0].pop('image_id'),
        r"annotations\[0\] lacks field 'image_id'",
    ),
    'odd polygon': (
        first('annotations', segmentation=[[0, 0, 1, 0, 1, 1, 0]]),
        r'annotations\[0\].*\[0, 0, 1, 0, 1, 1, 0\]',
    ),
    'coordinate is a text': (
        first('annotations', segmentation=[[0, 0, 1, 0, 1, 'x']]),
        r'annotations\[0\].*x',
    ),
    'polygon of another image': (
        first('annotations', segmentation=[[0, 0, 50, 0, 50, 50]]),
        r'annotations\[0\].*of another image',
    ),
    'RLE of another size': (
        first('annotations', segmentation=dict(size=[1, 99], counts=[99])),
        r'annotations\[0\].*99',
    ),
    'other width': (first('images', width=77), r'77'),
    'file missing': (first('images', file_name='gone.png'), r'gone\.png'),
    'panoptic json': (
        lambda c: c['annotations'][0].update(segments_info=[]),
        r'panoptic segments',
    ),
}


@st.composite
def outlines(draw, size: tuple[int, int]) -> Outline:
    height, width = size
    stored = draw(st.sampled_from(STORED))
    box = st.tuples(
        st.integers(max(-2, -width), width - 1),
        st.integers(max(-2, -height), height - 1),
        st.integers(1, width + 1),
        st.integers(1, height + 1),
    )
    n = 2 if stored == 'two polygons' else 1
    return Outline(
        draw(st.lists(box, min_size=n, max_size=n)),
        draw(st.integers(0, len(NAMES) - 1)),
        stored,
        draw(st.booleans()),
    )


@st.composite
def cases(draw) -> Case:
    size = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    return Case(
        size,
        draw(st.lists(outlines(size), min_size=1, max_size=5)),
        draw(st.sampled_from(['order', 'area'])),
        draw(st.booleans()),
        draw(st.none() | st.sampled_from([*FAULTS])),
    )


def convert(folder: Path, case: Case) -> None:
    prepare_coco_instances(
        folder / 'instances.json',
        folder / 'images',
        out=folder / 'out',
        background='sky' if case.background else None,
        overlap=case.overlap,
    )


def check(folder: Path, case: Case) -> str:
    """Compare the panoptic data with numpy's rectangles, or the refusal's reason."""
    content = content_of(case)
    change, reason = FAULTS[case.fault] if case.fault else (None, None)
    if change:
        change(content)
    picture = np.random.default_rng(0).integers(0, 256, (*case.size, 3), np.uint8)
    save(Image.fromarray(picture), folder / 'images/a/f0.png')
    (folder / 'instances.json').write_text(json.dumps(content))
    message = refusal(convert, folder, case)
    if reason:
        assert message, f'{case.fault}: accepted'
        assert re.search(reason, message, re.DOTALL), f'{case.fault}: {message}'
        assert not [*folder.glob('out/annotations/*.json')], case.fault
        return f'refused: {case.fault}'

    assert message is None
    made = folder / 'out/annotations'
    found = read_back(
        made / 'panoptic_train.json', made / 'panoptic_train', folder / 'images'
    )
    assert found['a/f0.png'][1] == expected(case)
    return 'read'


def test_outlines_are_read_as_they_were_drawn_or_refused(record_property):
    record_property('drawn jsons of instances', check_cases(cases(), check))
