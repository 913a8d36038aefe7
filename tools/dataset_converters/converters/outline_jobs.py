"""Draw the outlines of a json's annotations over stuff: one job per image."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmpisr.datasets.validation.problems import BOX

from .instance_json import IGNORED
from .label_files import read_label_values, refuse_other_size
from .layout import missing_files
from .numbering import VOID_CATEGORY, look_up, number_segments
from .outlines import Part, outline_mask, outline_parts
from .split import ImageJob

STUFF_LAYOUT = 'STUFF/[folders/]NAME.png      class numbers, NAME as of the image'
STUFF, VOID, CROWD, THING = range(4)  # drawn in this order


class Drawn(NamedTuple):
    """An annotation: its place in the file, outline, category and layer."""

    where: str
    parts: list[Part]
    category: int
    layer: int


def outlines_by_image(
    content: Mapping,
    categories: Sequence[Mapping],
    entries: Sequence[Mapping],
    crowds: str,
    left_out: dict[str, list[str]],
) -> dict[Any, list[Drawn]]:
    """Outlines of each image by its id, in the order of the annotations.

    Args:
        content: Of ``read_instances`` or ``read_labelme``.
        categories: Of the dataset.
        entries: Of its images.
        crowds: What annotations with ``iscrowd`` become: keep, instance or void.
        left_out: Gets the places of annotations and images that are changed.
    """
    ids = {c['name']: c['id'] for c in categories} | {IGNORED: VOID_CATEGORY}
    name_of = {c['id']: c['name'] for c in content['categories']}
    things = {c['id'] for c in categories if c['isthing']}
    drawn: dict[Any, list[Drawn]] = {entry['id']: [] for entry in entries}
    for annotation in content['annotations']:
        where, category = annotation['where'], ids[name_of[annotation['category_id']]]
        parts = outline_parts(where, annotation.get('segmentation') or [])
        whole = [p for p in parts if isinstance(p, Mapping) or len(p) >= 3]
        layer = THING if category in things else STUFF
        if annotation.get('iscrowd') and layer == THING:
            kind = f'annotations have iscrowd 1: --crowds {crowds} (no metric counts '
            left_out[kind + 'crowds as missed; CVAT marks every mask so)'] += [where]
            layer = dict(keep=CROWD, instance=THING, void=VOID)[crowds]
        if len(whole) < len(parts):
            left_out['annotations have polygons of fewer than three points'] += [where]
        if not whole:
            kind = 'annotations have no outline; their box, if any, is void'
            left_out[kind] += [where]
            whole, layer = _box(where, annotation.get('bbox')), VOID
        if layer == VOID or category == VOID_CATEGORY:
            category, layer = VOID_CATEGORY, VOID
        if whole and annotation['image_id'] in drawn:
            drawn[annotation['image_id']].append(Drawn(where, whole, category, layer))
    bare = [entry['file_name'] for entry in entries if not drawn[entry['id']]]
    left_out['images have no outline, and are kept'] += bare
    return drawn


def outline_jobs(
    entries: Sequence[dict],
    drawn: Mapping[Any, list[Drawn]],
    categories: Sequence[Mapping],
    *,
    stuff_labels: str | Path | None,
    background: str | None,
    by_area: bool,
) -> list[ImageJob]:
    """One job per image; under its outlines lies a class png, a class, or void."""
    ids = {c['name']: c['id'] for c in categories}
    table = {c['id']: VOID_CATEGORY if c['isthing'] else c['id'] for c in categories}
    draw = partial(_segments, table={255: VOID_CATEGORY} | table, by_area=by_area)
    jobs, pngs = [], []
    for entry in entries:
        name, items = Path(entry['file_name']).with_suffix('.png'), drawn[entry['id']]
        content = [(item.category, item.layer, item.parts) for item in items]
        inputs: list[Any] = [json.dumps(content, default=np.ndarray.tolist).encode()]
        under: Any = ids.get(background, VOID_CATEGORY)
        if stuff_labels is not None:
            under = Path(stuff_labels) / name
            inputs.append(under)
            pngs.append(under)
        segments = partial(draw, entry, items, under)
        jobs.append(ImageJob(entry, str(name), segments, tuple(inputs)))
    missing_files('Stuff pngs', STUFF_LAYOUT, pngs)
    return jobs


def note_hidden(
    annotations: Sequence[Mapping], drawn: Mapping, left_out: dict[str, list[str]]
) -> None:
    """Note the things of which no pixel is left in the finished ``annotations``."""
    kind = 'things have no pixel: covered, outside of the image or too small'
    for annotation in annotations:
        items = drawn[annotation['image_id']]
        count = Counter(item.category for item in items if item.layer in (CROWD, THING))
        count.subtract(s['category_id'] for s in annotation['segments_info'])
        left_out[kind] += (+count).total() * [f'one of {annotation["file_name"]}']


def _box(where: str, box: Any) -> list[Part]:
    """A COCO box as a polygon; nothing for an empty box."""
    if not BOX.fits(box) or not any(box):
        return []
    x, y, w, h = box
    return outline_parts(where, [[x, y, x + w, y, x + w, y + h, x, y + h]])


def _segments(
    entry: Mapping,
    drawn: Sequence[Drawn],
    under: Path | int,
    *,
    table: dict[int, int],
    by_area: bool,
) -> tuple[np.ndarray, list[dict]]:
    """Segments of one image; one mask at a time is in memory."""
    size = entry['height'], entry['width']
    if isinstance(under, Path):
        categories = look_up(under, read_label_values(under), table)
        refuse_other_size(under, categories.shape, entry['file_name'], size)
    else:
        categories = np.full(size, under, np.int32)
    instances, crowds = np.zeros_like(categories), set()
    draw = partial(outline_mask, size=size)
    if by_area:
        drawn = sorted(drawn, key=lambda d: -draw(d.where, d.parts)[0].sum(dtype=int))
    for number, item in enumerate(sorted(drawn, key=lambda item: item.layer), 1):
        mask, left, top = draw(item.where, item.parts)
        window = np.s_[top : top + mask.shape[0], left : left + mask.shape[1]]
        categories[window][mask] = item.category
        instances[window][mask] = number if item.layer in (CROWD, THING) else 0
        if item.layer == CROWD:
            crowds.add((item.category, number))
    return number_segments(categories, instances, crowds=crowds)
