"""All checks of one split: its json, then its files."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..json_checks.annotations import (
    ANNOTATION_FIELDS,
    SEGMENT_FIELDS,
    annotation_problems,
)
from ..json_checks.categories import (
    CATEGORY_FIELDS,
    category_problems,
    one_kind_problems,
)
from ..json_checks.fields import complete
from ..json_checks.images import IMAGE_FIELDS, image_name_problems, image_problems
from ..json_checks.problem import Problem, error
from ..panoptic import PanopticDataset
from ..panoptic_json import read_panoptic_json
from ..run_in_order import run_in_order
from ..zip_files import resolve_file
from .counts import SplitCounts, absence_problems
from .file_read import FileJob, read_files
from .segments import png_name_problems, segment_detail_problems


class Split(NamedTuple):
    """What to check.

    Attributes:
        name: For the report.
        dataset: Knows where files are; its json is not read yet.
        read_images: Whether the images are to be read.
    """

    name: str
    dataset: PanopticDataset
    read_images: bool = True


class SplitFindings(NamedTuple):
    """What was found.

    Attributes:
        split: What was checked.
        problems: In the order of the checks.
        counts: Of what could be read.
        digests: Paths of images by digest, for ``bytes`` and ``pixels``.
    """

    split: Split
    problems: list[Problem]
    counts: SplitCounts
    digests: dict[str, dict[bytes, list[str]]]


def check_split(split: Split, *, workers: int = 1) -> SplitFindings:
    """Run every check; none stops the others.

    Args:
        split: What to check. Without annotations it must be in ``test_mode``.
        workers: Processes that read files.
    """
    findings = SplitFindings(split, [], SplitCounts([]), dict(bytes={}, pixels={}))
    dataset = split.dataset
    try:
        look_into_zips(dataset)
        content = read_panoptic_json(
            dataset.ann_file, backend_args=dataset.backend_args
        )
    except (ValueError, FileNotFoundError) as reason:
        findings.problems.append(_told(dataset, 'unreadable json', reason))
        return findings

    try:
        dataset.orientation = dataset._stated_frame(content)
    except ValueError as reason:
        findings.problems.append(_told(dataset, 'EXIF orientation', reason))
    findings.problems.extend(json_problems(dataset, content))
    listed = complete(content.get('categories'), CATEGORY_FIELDS)
    used = (
        dataset.choice.class_of(listed) if dataset.choice else {c['id'] for c in listed}
    )
    findings.counts.categories += [c for c in listed if c['id'] in used]
    _read_all_files(findings, content, workers)
    if content.get('annotations'):
        problems = absence_problems(dataset.ann_file, findings.counts)
        findings.problems.extend(problems)
    return findings


def look_into_zips(dataset: PanopticDataset) -> None:
    """Let a lazy dataset find json and folders as it does when it reads them."""
    if not (dataset.backend_args or {}).get('backend'):
        dataset.ann_file = resolve_file(dataset.ann_file)
    dataset._find_in_zips()


def json_problems(
    dataset: PanopticDataset, content: Mapping[str, Any]
) -> Iterator[Problem]:
    """Look at everything that the json tells without its files."""
    path, annotations = dataset.ann_file, content.get('annotations', [])
    for field in ('images', 'categories'):
        if field not in content:
            message = f'lacks field {field!r}; it has {sorted(content)}'
            yield error(path, 'fields of the json', message)
    images = content.get('images', [])
    yield from image_problems(path, images)
    yield from image_name_problems(path, images)
    if annotations or not dataset._knows_classes():
        yield from _class_problems(dataset, {**content})
    if annotations or not dataset.test_mode:
        yield from _annotation_problems(path, content)
    if not annotations and not dataset.test_mode:
        message = 'annotations is empty or missing; only a test split may lack it'
        yield error(path, 'images and annotations', message)


def _class_problems(dataset: PanopticDataset, content: dict) -> Iterator[Problem]:
    """List what is wrong with categories; if nothing is, let the dataset read them."""
    path, categories = dataset.ann_file, content.get('categories', [])
    seen = categories
    if type(dataset)._read_json is not PanopticDataset._read_json:
        try:
            seen = dataset._read_json()['categories']
        except (ValueError, KeyError, TypeError) as reason:
            yield _told(dataset, 'json of this dataset class', reason)
    reordered = seen != categories or dataset.choice is not None
    found = [*category_problems(path, categories, reordered=reordered)]
    yield from found
    yield from one_kind_problems(path, categories)
    if categories and not found:
        try:
            dataset._read_classes({**content, 'categories': seen})
        except ValueError as reason:
            yield _told(dataset, 'class names', reason)


def _annotation_problems(path: str, content: Mapping[str, Any]) -> Iterator[Problem]:
    images = complete(content.get('images'), IMAGE_FIELDS)
    categories = complete(content.get('categories'), CATEGORY_FIELDS)
    annotations = content.get('annotations', [])
    is_thing = {c['id']: bool(c['isthing']) for c in categories}
    image_of = {image['id']: image for image in images}
    yield from annotation_problems(path, annotations, image_of, is_thing)

    usable = complete(annotations, ANNOTATION_FIELDS)
    yield from png_name_problems(path, usable)
    for annotation in usable:
        image = image_of.get(annotation['image_id'])
        if image is not None:
            yield from segment_detail_problems(path, annotation, image, is_thing)


def _read_all_files(
    findings: SplitFindings, content: Mapping[str, Any], workers: int
) -> None:
    """Read images and pngs; add problems, counts and digests."""
    images = complete(content.get('images'), IMAGE_FIELDS)
    annotations = {
        annotation['image_id']: annotation
        for annotation in complete(content.get('annotations'), ANNOTATION_FIELDS)
    }
    counts = findings.counts
    jobs = [_file_job(findings, i, annotations.get(i['id'])) for i in images]
    title = f'Reading images and pngs of {findings.split.name}'
    facts = run_in_order(title, read_files, jobs, workers=workers)
    for image, fact in zip(images, facts, strict=True):
        findings.problems.extend(fact.problems)
        for kind, digest in fact.digests.items():
            findings.digests[kind].setdefault(digest, []).append(str(fact.path))
        counts.images += 1
        if image['id'] in annotations:
            segments = annotations[image['id']]['segments_info']
            counts.add(complete(segments, SEGMENT_FIELDS), fact.pixels)


def _file_job(
    findings: SplitFindings,
    image: Mapping[str, Any],
    annotation: Mapping[str, Any] | None,
) -> FileJob:
    """Ask the dataset where the files of an image are."""
    dataset = findings.split.dataset
    bare = annotation and {**annotation, 'segments_info': []}
    segments = annotation['segments_info'] if annotation else []
    paths: Mapping[str, Any] = {}
    try:
        paths = dataset.parse_data_info(dict(image=image, annotation=bare))
    except ValueError as reason:
        findings.problems.append(_told(dataset, 'file names', reason))
    return FileJob(
        json_path=dataset.ann_file,
        image={key: image[key] for key in IMAGE_FIELDS},
        image_path=paths.get('img_path') if findings.split.read_images else None,
        png_path=paths.get('seg_map_path'),
        segments=complete(segments, SEGMENT_FIELDS),
        backend_args=dataset.backend_args,
        orientation=dataset.orientation,
        loader=dataset.loader if dataset.pipeline.transforms else None,
    )


def _told(dataset: PanopticDataset, kind: str, reason: Exception) -> Problem:
    """Make a problem of an error, whose text may begin with the json's path."""
    text = str(reason).removeprefix(f'{dataset.ann_file}: ')
    return error(dataset.ann_file, kind, text)
