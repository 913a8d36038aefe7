"""Convert one split to COCO panoptic: segment pngs, and the json that lists them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmpisr.files import write_atomically

from ..panoptic_json import check_annotations, check_images, read_panoptic_json
from ..run_in_order import run_in_order
from ..segment_png import encode_segment_ids
from .journal import Journal, refuse_other
from .segments import complete_infos, refuse_damaged


class ImageJob(NamedTuple):
    """One image to convert; picklable, so that other processes can do it.

    ``segments`` gives ids ``(H, W)``, 0 = void, and for each segment ``id``,
    ``category_id`` and ``iscrowd``.
    """

    image: dict[str, Any]  # COCO image entry: id, file_name, height, width
    png_name: str  # inside the split's folder of pngs
    segments: Callable[[], tuple[np.ndarray, list[dict]]]


def convert_split(
    jobs: Sequence[ImageJob],
    *,
    categories: list[dict],
    json_path: Path,
    png_folder: Path,
    info: dict | None = None,
    workers: int = 1,
    json_style: Mapping[str, Any] | None = None,
) -> None:
    """Write the pngs and the json of a split, going on where a run was interrupted.

    Each png is written whole; a line of ``{json stem}.partial.jsonl`` says that it is
    done. Then every png is read back and compared, and the json is written, also
    whole. A split that is there with all its pngs is kept.

    Args:
        jobs: The images, in the order of the json.
        categories: Of the json; segments may have these only.
        json_path: The json.
        png_folder: Folder of the pngs, made where needed.
        info: The json's ``info``: settings that decide the output belong here, so
            that two of them are never mixed. None writes no ``info``.
        workers: Processes. The bytes do not depend on them.
        json_style: Arguments of ``json.dumps``.

    Raises:
        ValueError: A job gives what COCO panoptic cannot hold, or what is there was
            made of other images, categories or info.
        OSError: The disk is full; nothing is left half-written.
    """
    json_path, png_folder = Path(json_path), Path(png_folder)
    _refuse_doubles(json_path, jobs)
    images = [job.image for job in jobs]
    content: dict[str, Any] = dict(images=images, categories=categories)
    if info is not None:
        content['info'] = info
    journal = Journal(
        json_path.with_name(f'{json_path.stem}.partial.jsonl'),
        heading=_heading(content),
    )

    finished = _finished(json_path, journal.heading)
    done = _with_png([*(finished or []), *journal.entries], png_folder)
    if finished is not None and len(done) == len(jobs) and not journal.path.exists():
        print(f'{json_path}: kept, all {len(jobs)} images are there')
        return
    journal.entries = list(done.values())
    journal.start()
    done |= _convert(jobs, done, journal, categories, png_folder, workers)
    content['annotations'] = [done[job.image['id']] for job in jobs]

    _read_back(content, png_folder, json_path, workers)
    _write_json(content, json_path, json_style or {})
    journal.remove()


def _heading(content: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the output, short enough for an error message."""
    images, categories = content['images'], content['categories']
    return json.loads(
        json.dumps(
            dict(
                images=f'{len(images)} images, {_digest(images)}',
                categories=f'{len(categories)} categories, {_digest(categories)}',
                info=content.get('info'),
            )
        )
    )


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True)
    return 'digest ' + hashlib.sha256(text.encode()).hexdigest()[:8]


def _finished(path: Path, heading: dict) -> list[dict] | None:
    """Annotations of a json that is there; one of another dataset is an error."""
    if not path.is_file():
        return None
    found = read_panoptic_json(str(path))
    if not {'images', 'categories', 'annotations'} <= set(found):
        raise ValueError(
            f'{path}: has {sorted(found)}, but a finished split has images, categories '
            'and annotations; remove this file, or choose another folder'
        )
    refuse_other(path, found=_heading(found), asked=heading)
    return found['annotations']


def _with_png(annotations: Sequence[dict], folder: Path) -> dict[Any, dict]:
    """Annotation by image id, of those whose png is there."""
    return {
        annotation['image_id']: annotation
        for annotation in annotations
        if (folder / annotation['file_name']).is_file()
    }


def _convert(
    jobs: Sequence[ImageJob],
    done: Mapping[Any, dict],
    journal: Journal,
    categories: Sequence[Mapping],
    folder: Path,
    workers: int,
) -> dict[Any, dict]:
    """Convert what is not done yet; annotation by image id."""
    if done:
        print(f'{journal.path}: going on after {len(done)} of {len(jobs)} images')
    folder.mkdir(parents=True, exist_ok=True)
    left = [job for job in jobs if job.image['id'] not in done]
    work = partial(_convert_image, folder, {c['id'] for c in categories})
    made = {}
    results = run_in_order(f'Converting to {folder}', work, left, workers=workers)
    for annotation in results:
        journal.add(annotation)
        made[annotation['image_id']] = annotation
    return made


def _convert_image(folder: Path, category_ids: set[int], job: ImageJob) -> dict:
    """Write one png; return its annotation."""
    ids, infos = job.segments()
    path = folder / job.png_name
    segments = complete_infos(path, ids, infos, job.image, category_ids)
    write_atomically(path, encode_segment_ids(ids))
    return dict(
        image_id=job.image['id'], file_name=job.png_name, segments_info=segments
    )


def _read_back(content: Mapping, folder: Path, path: Path, workers: int) -> None:
    """Compare every png with its annotation, and annotations with images."""
    images, annotations = content['images'], content['annotations']
    check_images(str(path), images)
    image_ids, category_ids = (
        [item['id'] for item in content[field]] for field in ('images', 'categories')
    )
    check_annotations(str(path), annotations, image_ids, category_ids)
    pairs = list(zip(images, annotations, strict=True))
    check = partial(refuse_damaged, folder)
    for _ in run_in_order('Reading back', check, pairs, workers=workers):
        pass


def _write_json(content: Mapping, path: Path, style: Mapping[str, Any]) -> None:
    text = json.dumps(content, **style)
    write_atomically(path, text)
    if path.read_text() != text:
        raise ValueError(f'{path}: reads back otherwise than it was written')


def _refuse_doubles(path: Path, jobs: Sequence[ImageJob]) -> None:
    for field, values in (
        ('image id', [job.image['id'] for job in jobs]),
        ('png name', [job.png_name for job in jobs]),
    ):
        doubled = [value for value, n in Counter(values).items() if n > 1]
        if doubled:
            raise ValueError(
                f'{path}: {len(jobs)} jobs, but {field} {doubled[0]!r} occurs twice'
            )
