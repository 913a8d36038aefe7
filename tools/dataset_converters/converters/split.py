"""Convert one split to COCO panoptic: segment pngs, and the json that lists them."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmpisr.datasets.panoptic_json import read_panoptic_json
from mmpisr.datasets.run_in_order import run_in_order
from mmpisr.datasets.segment_png import encode_segment_ids
from mmpisr.datasets.validation.problems import double_problems, raise_first_error
from mmpisr.files import write_atomically

from .journal import Journal, check_settings, known_entries, unchanged
from .segments import ImageJob, check_png, complete_infos


def convert_split(
    jobs: Sequence[ImageJob],
    *,
    categories: list[dict],
    json_path: Path,
    info: dict | None = None,
    workers: int = 1,
    json_style: Mapping[str, Any] | None = None,
) -> None:
    """Write the pngs and the json of a split; only new or changed images are converted.

    ``{json stem}.partial.jsonl`` gets a line for each finished png. At the end every
    png is read back and compared, and the json is written. ``{json stem}.inputs.json``
    keeps a digest of the inputs of each png. The next run keeps the pngs with the same
    digest, and removes pngs without image. While pngs are replaced or removed there is
    no json. All files are written atomically.

    Args:
        jobs: The images, in the order of the json.
        categories: Of the json; segments may have these only.
        json_path: The json; the folder of its pngs is beside it, ``{json stem}``.
        info: The json's ``info``: all settings that decide the output, so that two of
            them are never mixed. The ``orientation`` of images is added. None writes
            no ``info``.
        workers: Processes. The bytes do not depend on them.
        json_style: Arguments of ``json.dumps``.

    Raises:
        ValueError: COCO panoptic cannot hold the result of a job, or an existing split
            has other images, categories or settings.
        OSError: The disk is full; no file is half-written.
    """
    folder, images = json_path.with_suffix(''), [job.image for job in jobs]
    names = [job.png_name for job in jobs]
    for field, values in (('image id', [i['id'] for i in images]), ('png', names)):
        raise_first_error(double_problems(str(json_path), field, values))
    content: dict[str, Any] = dict(images=images, categories=categories)
    if info is not None:
        frames = [i['orientation'] for i in images if 'orientation' in i]
        content['info'] = info | (dict(orientation=frames[0]) if frames else {})
    journal = Journal(
        json_path.with_name(f'{json_path.stem}.partial.jsonl'),
        heading=_heading(content),
    )
    record = json_path.with_name(f'{json_path.stem}.inputs.json')

    finished = _finished(json_path, journal.heading)
    known = known_entries(finished, record, journal)
    done = unchanged(jobs, known, folder, workers)
    whole = finished.get('images') == images and len(done) == len(jobs)
    if whole and not journal.path.exists():
        print(f'{json_path}: kept, all {len(jobs)} images are there')
        return
    gone = _report(json_path, names, known, done)
    journal.start([*done.values()])
    if len(done) < len(known):  # pngs that the json lists are replaced or removed
        json_path.unlink(missing_ok=True)
    for name in gone:
        (folder / name).unlink(missing_ok=True)

    folder.mkdir(parents=True, exist_ok=True)
    convert = partial(_convert_image, folder, {c['id'] for c in categories})
    left = [job for job in jobs if job.png_name not in done]
    title = f'Converting to {folder}'
    for entry in run_in_order(title, convert, left, workers=workers):
        journal.add(entry)

    entries = {entry['file_name']: entry for entry in journal.entries}
    content['annotations'] = [
        _annotation(job, entries[job.png_name]['segments_info']) for job in jobs
    ]
    pairs = list(zip(images, content['annotations'], strict=True))
    check = partial(check_png, folder)
    deque(run_in_order('Reading back', check, pairs, workers=workers), maxlen=0)
    write_atomically(json_path, json.dumps(content, **(json_style or {})))
    inputs = {name: entries[name]['inputs'] for name in names}
    write_atomically(record, json.dumps(inputs))
    journal.path.unlink()


def _heading(content: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide the output of every image."""
    return dict(categories=content['categories'], info=content.get('info'))


def _finished(path: Path, heading: dict) -> dict[str, Any]:
    """Read an existing json; an error if it has other settings, empty without one."""
    if not path.is_file():
        return {}
    found = read_panoptic_json(str(path))
    if not {'images', 'categories', 'annotations'} <= set(found):
        raise ValueError(
            f'{path}: has {sorted(found)}, but a finished split has images, categories '
            'and annotations; remove this file, or choose another folder'
        )
    check_settings(path, found=_heading(found), asked=heading)
    return found


def _report(
    path: Path, names: Sequence[str], known: Mapping[str, Any], done: Mapping[str, Any]
) -> list[str]:
    """Print what is kept, made again and removed; return what is to be removed.

    Raises:
        ValueError: None of the known images is among the names: this is another split.
    """
    again = [name for name in names if name in known and name not in done]
    if known and not again and not done:
        raise ValueError(
            f'{path}: made of {len(known)} images, {min(known)!r} the first, but none '
            f'is among the {len(names)} asked for; remove this file and what is beside '
            'it to replace them, or choose another --split or folder'
        )
    if known:
        print(f'{path}: going on after {len(done)} of {len(names)} images')
    if again:
        print(
            f'{path}: {len(again)} images are made again, {again[0]!r} the first: '
            'their inputs are not those on record, or the png is missing'
        )
    gone = sorted(known.keys() - set(names))
    if gone:
        print(f'{path}: {len(gone)} pngs without image are removed, e.g. {gone[0]!r}')
    return gone


def _convert_image(folder: Path, category_ids: set[int], job: ImageJob) -> dict:
    """Write one png; return its entry in the journal."""
    inputs = job.digest()  # before they are read: a change in between is found later
    ids, infos = job.segments()
    path = folder / job.png_name
    segments = complete_infos(path, ids, infos, job.image, category_ids)
    write_atomically(path, encode_segment_ids(ids))
    return dict(_annotation(job, segments), inputs=inputs)


def _annotation(job: ImageJob, segments: list[dict]) -> dict[str, Any]:
    return dict(
        image_id=job.image['id'], file_name=job.png_name, segments_info=segments
    )
