"""Instances as polygons or masks, over stuff pngs or a background, as COCO panoptic."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from mmpisr.datasets.panoptic_json import read_panoptic_json
from mmpisr.datasets.validation.problems import BOX

from .instance_json import IGNORED, choose_classes, find_images, read_instances
from .label_files import read_label_values, refuse_other_size
from .label_images import report
from .labelme import read_labelme
from .layout import missing_files
from .numbering import VOID_CATEGORY, look_up, number_segments
from .outlines import Part, outline_mask, outline_parts
from .split import ImageJob, convert_split

STUFF_LAYOUT = 'STUFF/[folders/]NAME.png      class numbers, NAME as of the image'
STUFF, VOID, CROWD, THING = range(4)  # drawn in this order


class Drawn(NamedTuple):
    """An annotation: its place in the file, outline, category and layer."""

    where: str
    parts: list[Part]
    category: int
    layer: int


def prepare_coco_instances(
    source: str | Path,
    images: str | Path,
    *,
    out: str | Path,
    split: str = 'train',
    classes: str | Path | None = None,
    stuff: Sequence[str] = (),
    stuff_labels: str | Path | None = None,
    background: str | None = None,
    overlap: Literal['order', 'area'] = 'order',
    crowds: Literal['keep', 'instance', 'void'] = 'keep',
    skip_missing: bool = False,
    orientation: str | None = None,
    workers: int = 1,
) -> Path:
    """Write ``annotations/panoptic_{split}`` and its json; images stay where they are.

    Stuff is drawn first, then crowds, then other things. What is left out is counted
    and printed with an example.

    Args:
        source: Json of instances, or a folder of Labelme's jsons.
        images: Folder of the images, searched with its subfolders.
        out: Folder of the dataset.
        split: Its name.
        classes: Table of the classes, see ``read_classes``; the names of ``source``
            must be in it. Without it: those of ``source``, all of them things.
        stuff: Without ``classes``: names that are stuff.
        stuff_labels: Folder of class pngs that lie under the outlines; things in
            them, and 255, are void.
        background: Class of pixels without annotation, which are void otherwise.
        overlap: What is on top: the later annotation (``order``), or the smaller.
        crowds: What annotations with ``iscrowd`` become.
        skip_missing: Leave out images whose files are missing.
        orientation: Frame of the outlines of images with an EXIF orientation,
            ``stored`` or ``shown``; None: the one whose size the json has.
        workers: Processes.

    Returns:
        The folder of the images.

    Raises:
        FileNotFoundError: Naming the first file that is missing, and the layout.
        ValueError: A field, an outline or an argument is wrong; both values are named.
    """
    if background is not None and stuff_labels is not None:
        raise ValueError(
            f'background {background!r} and stuff_labels {str(stuff_labels)!r}: only '
            'one can say what the pixels without outline are'
        )
    source, images = Path(source), Path(images)
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    read = read_labelme if source.is_dir() else read_instances
    content = read(source, left_out)
    categories = choose_classes(source, content, classes, stuff, background, left_out)
    entries = find_images(
        source, content['images'], images, skip_missing, left_out, orientation
    )
    drawn = _outlines(content, categories, entries, crowds, left_out)
    json_path = Path(out) / f'annotations/panoptic_{split}.json'
    convert_split(
        _jobs(entries, drawn, categories, stuff_labels, background, overlap),
        categories=categories,
        json_path=json_path,
        info=dict(
            description='made of outlines of instances',
            under_them='pngs' if stuff_labels else background,
            overlap=overlap,
            crowds=crowds,
        ),
        workers=workers,
    )
    _note_hidden(json_path, drawn, left_out)
    report(left_out)
    return images


def _outlines(
    content: Mapping,
    categories: Sequence[Mapping],
    entries: Sequence[Mapping],
    crowds: str,
    left_out: dict[str, list[str]],
) -> dict[Any, list[Drawn]]:
    """What is drawn on each image by its id, in the order of the annotations."""
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
            left_out['annotations have no outline; their box, if any, is void'] += [
                where
            ]
            whole, layer = _box(where, annotation.get('bbox')), VOID
        if category == VOID_CATEGORY:
            layer = VOID
        if whole and annotation['image_id'] in drawn:
            category = VOID_CATEGORY if layer == VOID else category
            drawn[annotation['image_id']].append(Drawn(where, whole, category, layer))
    bare = [entry['file_name'] for entry in entries if not drawn[entry['id']]]
    left_out['images have no outline, and are kept'] += bare
    return drawn


def _box(where: str, box: Any) -> list[Part]:
    """A box as COCO has it, as a polygon; none of an empty one."""
    if not BOX.fits(box) or not any(box):
        return []
    x, y, w, h = box
    return outline_parts(where, [[x, y, x + w, y, x + w, y + h, x, y + h]])


def _jobs(
    entries: Sequence[dict],
    drawn: Mapping[Any, list[Drawn]],
    categories: Sequence[Mapping],
    stuff_labels: str | Path | None,
    background: str | None,
    overlap: str,
) -> list[ImageJob]:
    """One per image, with the png or the category that lies under its outlines."""
    ids = {c['name']: c['id'] for c in categories}
    table = {c['id']: VOID_CATEGORY if c['isthing'] else c['id'] for c in categories}
    draw = partial(
        _segments, table={255: VOID_CATEGORY} | table, by_area=overlap == 'area'
    )
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


def _segments(
    entry: Mapping,
    drawn: Sequence[Drawn],
    under: Path | int,
    *,
    table: dict[int, int],
    by_area: bool,
) -> tuple[np.ndarray, list[dict]]:
    """Segments of one image; one mask is held at a time."""
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


def _note_hidden(path: Path, drawn: Mapping, left_out: dict[str, list[str]]) -> None:
    """Note the things of which no pixel is left."""
    for annotation in read_panoptic_json(str(path))['annotations']:
        items = drawn[annotation['image_id']]
        count = Counter(item.category for item in items if item.layer in (CROWD, THING))
        count.subtract(s['category_id'] for s in annotation['segments_info'])
        kind = 'things have no pixel: covered, outside of the image or too small'
        left_out[kind] += (+count).total() * [f'one of {annotation["file_name"]}']
