"""Convert one split to COCO panoptic: segment pngs, and the json that lists them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmpisr.files import write_atomically

from ..panoptic_json import check_annotations, check_images, read_panoptic_json
from ..run_in_order import run_in_order
from ..segment_png import encode_segment_ids
from .journal import Journal, known_entries, refuse_other, unchanged
from .segments import ImageJob, complete_infos, refuse_damaged


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
    """Write the pngs and the json of a split; only what is new or changed is made.

    Each png is written whole; a line of ``{json stem}.partial.jsonl`` says that it is
    done. Then every png is read back and compared, and the json is written, also
    whole. ``{json stem}.inputs.json`` keeps a digest of what each png was made of. In
    the next run a png with the same digest is kept, and pngs of images that are no
    longer there are removed. While pngs are replaced or removed there is no json.

    Args:
        jobs: The images, in the order of the json.
        categories: Of the json; segments may have these only.
        json_path: The json.
        png_folder: Folder of the pngs, made where needed.
        info: The json's ``info``: settings that decide the output belong here, so
            that two of them are never mixed. The ``orientation`` of images is added.
            None writes no ``info``.
        workers: Processes. The bytes do not depend on them.
        json_style: Arguments of ``json.dumps``.

    Raises:
        ValueError: A job gives what COCO panoptic cannot hold, or what is there was
            made of other images altogether, other categories or info.
        OSError: The disk is full; nothing is left half-written.
    """
    json_path, png_folder = Path(json_path), Path(png_folder)
    _refuse_doubles(json_path, jobs)
    content: dict[str, Any] = dict(
        images=[job.image for job in jobs], categories=categories
    )
    if info is not None:
        frames = {i['orientation'] for i in content['images'] if 'orientation' in i}
        content['info'] = info | dict(zip(['orientation'], frames, strict=False))
    journal = Journal(
        json_path.with_name(f'{json_path.stem}.partial.jsonl'),
        heading=_heading(content),
    )
    record = json_path.with_name(f'{json_path.stem}.inputs.json')

    finished = _finished(json_path, journal.heading)
    known = known_entries(finished, record, journal)
    done = unchanged(jobs, known, png_folder, workers)
    whole = finished.get('images') == content['images'] and len(done) == len(jobs)
    if whole and not journal.path.exists():
        print(f'{json_path}: kept, all {len(jobs)} images are there')
        return
    gone = _report(json_path, [job.png_name for job in jobs], known, done)
    journal.entries = list(done.values())
    journal.start()
    if len(done) < len(known):  # pngs that the json lists are replaced or removed
        json_path.unlink(missing_ok=True)
    for name in gone:
        (png_folder / name).unlink(missing_ok=True)
    done |= _convert(jobs, done, journal, categories, png_folder, workers)

    content['annotations'] = [
        _annotation(job, done[job.png_name]['segments_info']) for job in jobs
    ]
    _read_back(content, png_folder, json_path, workers)
    _write_json(content, json_path, json_style or {})
    write_atomically(record, json.dumps({n: e['inputs'] for n, e in done.items()}))
    journal.remove()


def _heading(content: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the output of every image."""
    wanted = dict(categories=content['categories'], info=content.get('info'))
    return json.loads(json.dumps(wanted))


def _finished(path: Path, heading: dict) -> dict[str, Any]:
    """A json that is there, else nothing; one of other settings is an error."""
    if not path.is_file():
        return {}
    found = read_panoptic_json(str(path))
    if not {'images', 'categories', 'annotations'} <= set(found):
        raise ValueError(
            f'{path}: has {sorted(found)}, but a finished split has images, categories '
            'and annotations; remove this file, or choose another folder'
        )
    refuse_other(path, found=_heading(found), asked=heading)
    return found


def _report(
    path: Path, names: Sequence[str], known: Mapping[str, Any], done: Mapping[str, Any]
) -> list[str]:
    """Say what is kept, made again and gone, and give what is gone.

    Raises:
        ValueError: None of the known images is there: this is another split.
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
            f'{path}: {len(again)} images are made again, {again[0]!r} the first: what '
            'they are made of is not what is on record, or the png is gone'
        )
    gone = sorted(known.keys() - set(names))
    if gone:
        print(f'{path}: {len(gone)} pngs without image are removed, e.g. {gone[0]!r}')
    return gone


def _convert(
    jobs: Sequence[ImageJob],
    done: Mapping[str, dict],
    journal: Journal,
    categories: Sequence[Mapping],
    folder: Path,
    workers: int,
) -> dict[str, dict]:
    """Convert what is not done yet; entries of the journal by name of the png."""
    folder.mkdir(parents=True, exist_ok=True)
    left = [job for job in jobs if job.png_name not in done]
    work = partial(_convert_image, folder, {c['id'] for c in categories})
    made = {}
    results = run_in_order(f'Converting to {folder}', work, left, workers=workers)
    for entry in results:
        journal.add(entry)
        made[entry['file_name']] = entry
    return made


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
