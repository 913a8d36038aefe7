"""All checks of one split: its json, then its files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..panoptic import PanopticDataset
from ..panoptic_json import read_panoptic_json
from ..run_in_order import run_in_order
from .annotations import (
    ANNOTATION_FIELDS,
    IMAGE_FIELDS,
    SEGMENT_FIELDS,
    annotation_problems,
    detail_problems,
    image_problems,
)
from .categories import CATEGORY_FIELDS, category_problems
from .counts import SplitCounts, absence_problems
from .files import FileJob, read_files
from .problems import FIELDS, Problem, complete, double_problems, error


@dataclass
class Split:
    """What to check; the dataset is lazy and knows where files are."""

    name: str
    dataset: PanopticDataset
    read_images: bool = True


@dataclass
class SplitFindings:
    """What was found; paths of images by digest, for ``bytes`` and ``pixels``."""

    split: Split
    problems: list[Problem] = field(default_factory=list)
    counts: SplitCounts = field(default_factory=SplitCounts)
    digests: dict[str, dict[bytes, list[str]]] = field(
        default_factory=lambda: dict(bytes={}, pixels={})
    )


def check_split(split: Split, *, workers: int = 1) -> SplitFindings:
    """Run every check; none stops the others. ``workers`` processes read files."""
    findings, dataset = SplitFindings(split), split.dataset
    try:
        dataset._find_in_zips()
        content = read_panoptic_json(
            dataset.ann_file, backend_args=dataset.backend_args
        )
    except (ValueError, FileNotFoundError) as reason:
        findings.problems.append(_raised(dataset, 'unreadable json', reason))
        return findings
    try:
        dataset.orientation = dataset._stated_frame(content)
    except ValueError as reason:
        findings.problems.append(_raised(dataset, 'EXIF orientation', reason))

    findings.problems.extend(_json_problems(dataset, content))
    listed = complete(content.get('categories'), CATEGORY_FIELDS)
    choice = dataset.choice
    used = choice.class_of(listed) if choice else [c['id'] for c in listed]
    findings.counts.categories = [c for c in listed if c['id'] in used]
    _read_all_files(findings, content, workers)
    if content.get('annotations'):
        problems = absence_problems(dataset.ann_file, findings.counts)
        findings.problems.extend(problems)
    return findings


def _json_problems(dataset: PanopticDataset, content: dict) -> Iterator[Problem]:
    """Look at everything that the json tells without its files."""
    path, annotations = dataset.ann_file, content.get('annotations', [])
    for name in ('images', 'categories'):
        if name not in content:
            yield error(path, FIELDS, f'lacks field {name!r}; it has {sorted(content)}')
    images = content.get('images', [])
    yield from image_problems(path, images)
    names = [image['file_name'] for image in complete(images, IMAGE_FIELDS)]
    yield from double_problems(path, 'images[].file_name', names)
    if annotations or not dataset._knows_classes():
        yield from _class_problems(dataset, content)
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
            yield _raised(dataset, 'json of this dataset class', reason)
    reordered = seen != categories or dataset.choice is not None
    found = [*category_problems(path, categories, reordered=reordered)]
    yield from found
    if categories and not found:
        try:
            dataset._read_classes({**content, 'categories': seen})
        except ValueError as reason:
            yield _raised(dataset, 'class names', reason)


def _annotation_problems(path: str, content: Mapping[str, Any]) -> Iterator[Problem]:
    images = complete(content.get('images'), IMAGE_FIELDS)
    categories = complete(content.get('categories'), CATEGORY_FIELDS)
    annotations = content.get('annotations', [])
    is_thing = {c['id']: bool(c['isthing']) for c in categories}
    image_of = {image['id']: image for image in images}
    yield from annotation_problems(path, annotations, image_of, is_thing)

    usable = complete(annotations, ANNOTATION_FIELDS)
    names = [annotation['file_name'] for annotation in usable]
    yield from double_problems(path, 'annotations[].file_name', names)
    for annotation in usable:
        if annotation['image_id'] in image_of:
            image = image_of[annotation['image_id']]
            yield from detail_problems(path, annotation, image, is_thing)


def _read_all_files(findings: SplitFindings, content: Mapping, workers: int) -> None:
    """Read images and pngs; add problems, counts and digests."""
    annotated = complete(content.get('annotations'), ANNOTATION_FIELDS)
    annotations = {annotation['image_id']: annotation for annotation in annotated}
    images = complete(content.get('images'), IMAGE_FIELDS)
    jobs = [_file_job(findings, i, annotations.get(i['id'])) for i in images]
    title = f'Reading images and pngs of {findings.split.name}'
    facts = run_in_order(title, read_files, jobs, workers=workers)
    for job, fact in zip(jobs, facts, strict=True):
        findings.problems.extend(fact.problems)
        for kind, digest in fact.digests.items():
            paths = findings.digests[kind].setdefault(digest, [])
            paths.append(str(job.image_path))
        findings.counts.images += 1
        if job.image['id'] in annotations:
            findings.counts.add(job.segments, fact.pixels)


def _file_job(
    findings: SplitFindings, image: Mapping[str, Any], annotation: Mapping | None
) -> FileJob:
    """Ask the dataset where the files of an image are."""
    dataset = findings.split.dataset
    bare = annotation and {**annotation, 'segments_info': []}
    paths: Mapping[str, Any] = {}
    try:
        paths = dataset.parse_data_info(dict(image=image, annotation=bare))
    except ValueError as reason:
        findings.problems.append(_raised(dataset, 'file names', reason))
    return FileJob(
        json_path=dataset.ann_file,
        image={key: image[key] for key in IMAGE_FIELDS},
        image_path=paths.get('img_path') if findings.split.read_images else None,
        png_path=paths.get('seg_map_path'),
        segments=complete(annotation and annotation['segments_info'], SEGMENT_FIELDS),
        backend_args=dataset.backend_args,
        orientation=dataset.orientation,
        loader=dataset.loader if dataset.pipeline.transforms else None,
    )


def _raised(dataset: PanopticDataset, kind: str, reason: Exception) -> Problem:
    """Make a problem of an error, whose text may begin with the json's path."""
    text = str(reason).removeprefix(f'{dataset.ann_file}: ')
    return error(dataset.ann_file, kind, text)
