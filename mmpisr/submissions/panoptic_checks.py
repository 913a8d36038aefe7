"""Compare the json and the pngs of a panoptic archive with the list of images."""

import json
from collections import Counter
from collections.abc import Mapping

import numpy as np

from mmpisr.datasets.segment_png import decode_segment_ids

from .archive_reader import RGB, ArchiveReader
from .image_list import ListedImage
from .png_checks import read_png
from .report import SubmissionReport

FIELDS = ('image_id', 'file_name', 'segments_info')
SEGMENT_FIELDS = ('id', 'category_id')


def check_panoptic(
    reader: ArchiveReader,
    report: SubmissionReport,
    *,
    name: str,
    images: Mapping[int | str, ListedImage],
    png_names: Mapping[int | str, str],
    category_ids: set[int],
) -> None:
    """Report what differs from the list or from the format.

    Args:
        reader: The archive.
        report: Gets counts and problems.
        name: Of the json (without ``.json``) and of the folder.
        images: By their id in the json; each must be there once.
        png_names: Name of each image's png in the folder, by the same id.
        category_ids: Categories that a segment may have.
    """
    entries = _read_entries(reader, report, f'{name}.json')
    if entries is None:
        return
    _check_members(reader, report, name, set(png_names.values()))
    _check_image_ids(report, f'{name}.json', entries, images)
    for entry in entries:
        image = images.get(entry['image_id'])
        if image is None:
            continue
        report.count('images')
        where = f'{name}.json: annotations[image_id={entry["image_id"]!r}]'
        wanted = png_names[entry['image_id']]
        if entry['file_name'] != wanted:
            report.problem(
                f'{where}.file_name is {entry["file_name"]!r}, not {wanted!r}'
            )
        _check_segments(report, where, entry['segments_info'], category_ids)
        _check_png(reader, report, f'{name}/{wanted}', image, entry['segments_info'])


def _read_entries(
    reader: ArchiveReader, report: SubmissionReport, name: str
) -> list[dict] | None:
    """The json's annotations with all fields; None after a problem."""
    if name not in reader.names:
        others = sorted(n for n in reader.names if n.endswith('.json'))
        report.problem(f'{name} is missing; its json files are {others}')
        return None
    try:
        entries = json.loads(reader.read(name))['annotations']
    except (ValueError, KeyError, TypeError) as error:
        report.problem(f"{name}: no complete json with 'annotations' ({error!r})")
        return None
    for position, entry in enumerate(entries):
        missing = [field for field in FIELDS if field not in entry]
        missing += [
            f'segments_info[].{field}'
            for field in SEGMENT_FIELDS
            if any(field not in s for s in entry.get('segments_info', []))
        ]
        if missing:
            report.problem(
                f'{name}: annotations[{position}] lacks {missing}, it has '
                f'{sorted(entry)}'
            )
            return None
    return list(entries)


def _check_members(
    reader: ArchiveReader, report: SubmissionReport, name: str, pngs: set[str]
) -> None:
    wanted = {f'{name}/{png}' for png in pngs}
    missing = sorted(wanted - reader.names)
    extra = sorted(reader.names - wanted - {f'{name}.json'})
    if missing:
        report.problem(
            f'{len(missing)} of {len(wanted)} pngs are missing, the first is '
            f'{missing[0]}'
        )
    if extra:
        report.problem(
            f'{len(extra)} files do not belong here, the first is {extra[0]}; expected '
            f'are {name}.json and one png an image in {name}/'
        )


def _check_image_ids(
    report: SubmissionReport,
    name: str,
    entries: list[dict],
    images: Mapping[int | str, ListedImage],
) -> None:
    times = Counter(entry['image_id'] for entry in entries)
    missing = [key for key in images if key not in times]
    extra = [key for key in times if key not in images]
    doubled = [key for key, number in times.items() if number > 1]
    if missing:
        report.problem(
            f'{name}: {len(missing)} of {len(images)} images have no annotation, the '
            f'first image_id is {missing[0]!r}'
        )
    if extra:
        report.problem(
            f'{name}: {len(extra)} annotations are of images that the list of '
            f'{len(images)} lacks, the first image_id is {extra[0]!r}'
        )
    for key in doubled:
        report.problem(f'{name}: image_id {key!r} has {times[key]} annotations, not 1')


def _check_segments(
    report: SubmissionReport,
    where: str,
    segments: list[dict],
    category_ids: set[int],
) -> None:
    report.count('segments', len(segments))
    report.count('images without segment', int(not segments))
    for segment in segments:
        if segment['category_id'] not in category_ids:
            report.problem(
                f'{where}: segment {segment["id"]} has category_id '
                f'{segment["category_id"]!r}, known are {sorted(category_ids)}'
            )
    times = Counter(segment['id'] for segment in segments)
    for number, count in times.items():
        if count > 1:
            report.problem(
                f'{where}: {count} segments have id {number}, so they share the '
                f'colour {_colour(number)}'
            )


def _check_png(
    reader: ArchiveReader,
    report: SubmissionReport,
    name: str,
    image: ListedImage,
    segments: list[dict],
) -> None:
    if name not in reader.names:
        return
    ids = read_png(reader, name, image, report, colour=RGB, decode=decode_segment_ids)
    if ids is None:
        return
    found = {*np.unique(ids).tolist()} - {0}
    listed = {segment['id'] for segment in segments}
    if found != listed:
        report.problem(
            f'{name} has segment ids {sorted(found - listed)} that its segments_info '
            f'lacks, which has {sorted(listed - found)} that the png lacks'
        )


def _colour(number: int) -> tuple[int, int, int]:
    return number % 256, number // 256 % 256, number // 65536
