"""All checks of one split: its json, then its files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..panoptic import PanopticDataset
from ..panoptic_json import read_panoptic_json
from ..run_in_order import run_in_order
from ..transforms.load_image import LoadImage
from .counts import SplitCounts, absence_problems
from .files import FileCheck
from .json_checks import (
    ANNOTATION_FIELDS,
    CATEGORY_FIELDS,
    IMAGE_FIELDS,
    SEGMENT_FIELDS,
    annotation_problems,
    category_problems,
    detail_problems,
    image_problems,
)
from .problems import FIELDS, Problem, complete, double_problems, error

LISTS = dict(
    images=IMAGE_FIELDS, categories=CATEGORY_FIELDS, annotations=ANNOTATION_FIELDS
)
Entries = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass
class Split:
    """A split, and what ``check_split`` finds in it.

    Attributes:
        dataset: Lazy; knows where the files are.
        digests: Paths of images by the digest of their ``bytes`` and ``pixels``.
    """

    name: str
    dataset: PanopticDataset
    read_images: bool = True
    problems: list[Problem] = field(default_factory=list)
    counts: SplitCounts = field(default_factory=SplitCounts)
    digests: dict[str, dict[bytes, list[str]]] = field(
        default_factory=lambda: dict(bytes={}, pixels={})
    )

    @contextmanager
    def noting(self, kind: str, *errors: type[Exception]) -> Iterator[None]:
        """Add an error of the block to the problems instead of raising it."""
        try:
            yield
        except errors as reason:
            path = self.dataset.ann_file
            text = str(reason).removeprefix(f'{path}: ')
            self.problems.append(error(path, kind, text))


def check_split(split: Split, *, workers: int = 1) -> Split:
    """Run all checks, whatever the others find; ``workers`` processes read files."""
    dataset, content = split.dataset, None
    with split.noting('unreadable json', ValueError, FileNotFoundError):
        dataset._find_in_zips()
        path, backend_args = dataset.ann_file, dataset.backend_args
        content = read_panoptic_json(path, backend_args=backend_args)
    if content is None:
        return split
    with split.noting('EXIF orientation', ValueError):
        dataset.orientation = dataset._stated_frame(content)

    entries = {name: complete(content.get(name), LISTS[name]) for name in LISTS}
    _check_json(split, content, entries)
    used = {c['id'] for c in entries['categories']}
    if dataset.choice:
        used.intersection_update(dataset.choice.class_of(entries['categories']))
    split.counts.categories = [c for c in entries['categories'] if c['id'] in used]
    _check_files(split, entries, workers)
    if content.get('annotations'):
        split.problems += absence_problems(dataset.ann_file, split.counts)
    return split


def _check_json(split: Split, content: dict, entries: Entries) -> None:
    """Check everything that needs no other file; ``entries`` have all fields."""
    dataset, add = split.dataset, split.problems.extend
    path, annotations = dataset.ann_file, content.get('annotations', [])
    for name in ('images', 'categories'):
        if name not in content:
            message = f'lacks field {name!r}; it has {sorted(content)}'
            add([error(path, FIELDS, message)])
    add(image_problems(path, content.get('images', [])))
    for name in ('images', 'annotations'):
        files = [entry['file_name'] for entry in entries[name]]
        add(double_problems(path, f'{name}[].file_name', files))
    if annotations or not dataset._knows_classes():
        _check_classes(split, content)
    if not annotations and dataset.test_mode:
        return

    image_of = {image['id']: image for image in entries['images']}
    is_thing = {c['id']: bool(c['isthing']) for c in entries['categories']}
    add(annotation_problems(path, annotations, image_of, is_thing))
    for annotation in entries['annotations']:
        if annotation['image_id'] in image_of:
            image = image_of[annotation['image_id']]
            add(detail_problems(path, annotation, image, is_thing))
    if not annotations:
        message = 'annotations is empty or missing; only a test split may lack it'
        add([error(path, 'images and annotations', message)])


def _check_classes(split: Split, content: dict) -> None:
    """Check the categories; if they are correct, let the dataset read them."""
    dataset, categories = split.dataset, content.get('categories', [])
    seen = categories
    if type(dataset)._read_json is not PanopticDataset._read_json:
        kind = 'json of this dataset class'
        with split.noting(kind, ValueError, KeyError, TypeError):
            seen = dataset._read_json()['categories']
    reordered = seen != categories or dataset.choice is not None
    found = [*category_problems(dataset.ann_file, categories, reordered=reordered)]
    split.problems += found
    if categories and not found:
        with split.noting('class names', ValueError):
            dataset._read_classes({**content, 'categories': seen})


def _check_files(split: Split, entries: Entries, workers: int) -> None:
    """Read images and pngs; add problems, counts and digests."""
    dataset = split.dataset
    annotations = {a['image_id']: a for a in entries['annotations']}
    loader = dataset.loader if dataset.pipeline.transforms else None
    checks = [
        _file_check(split, image, annotations.get(image['id']), loader)
        for image in entries['images']
    ]
    title = f'Reading images and pngs of {split.name}'
    for check in run_in_order(title, FileCheck.run, checks, workers=workers):
        split.problems += check.problems
        for kind, digest in check.digests.items():
            split.digests[kind].setdefault(digest, []).append(str(check.image_path))
        split.counts.images += 1
        if check.image['id'] in annotations:
            split.counts.add(check.segments, check.pixels)


def _file_check(
    split: Split, image: Mapping, annotation: Mapping | None, loader: LoadImage | None
) -> FileCheck:
    """Get the paths of an image's files from the dataset."""
    dataset, paths = split.dataset, {}
    bare = annotation and {**annotation, 'segments_info': []}
    with split.noting('file names', ValueError):
        paths = dataset.parse_data_info(dict(image=image, annotation=bare))
    return FileCheck(
        dataset.ann_file,
        {key: image[key] for key in IMAGE_FIELDS},
        paths.get('img_path') if split.read_images else None,
        paths.get('seg_map_path'),
        complete(annotation and annotation['segments_info'], SEGMENT_FIELDS),
        dataset.backend_args,
        dataset.orientation,
        loader,
    )
