"""The submissions that can be written, by the name that ``--submission`` takes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmpisr.datasets.cityscapes_labels import TABLE
from mmpisr.datasets.panoptic_json import chosen_categories, read_panoptic_json

from .archive import Archive
from .cityscapes_archives import InstanceArchive, PixelArchive
from .image_list import check_categories
from .panoptic_archive import CityscapesPanopticArchive, PanopticArchive


class BenchmarkSplit(NamedTuple):
    """Where a test split is found.

    Attributes:
        ann_file: Its json (images and categories), below the dataset's root.
        img_prefix: The folder of its images there.
        converter: The script in ``tools/dataset_converters`` that makes the json.
    """

    ann_file: str
    img_prefix: str
    converter: str


class SubmissionFormat(NamedTuple):
    """The zip files and categories of a benchmark.

    Attributes:
        name: Its key in ``FORMATS``.
        kinds: The zip files, one class each.
        categories: Makes the list of categories (``id``, ``name``, ``isthing``) with
            the benchmark's ids out of a dataset.
        test_set: The split whose truth the benchmark does not publish, in the official
            layout; ``None`` = the test set of the config.
    """

    name: str
    kinds: tuple[type[Archive], ...]
    categories: Callable[[Any], list[dict]]
    test_set: BenchmarkSplit | None = None

    def archives(self, out_file: str | Path, split: str) -> list[Archive]:
        """The zip files of one submission, the first is ``out_file`` itself."""
        return [kind(out_file, split) for kind in self.kinds]


def json_categories(dataset: Any) -> list[dict]:
    """Categories as the dataset's json has them, or the first of each class.

    A class that the dataset has merged is submitted as the first of its categories.

    Raises:
        ValueError: The dataset has no json, or that lacks ``isthing``.
    """
    path = getattr(dataset, 'ann_file', None)
    if not path:
        raise ValueError(
            f'a submission needs a dataset with ann_file, {type(dataset).__name__} '
            f'has {path!r}'
        )
    backend_args = getattr(dataset, 'backend_args', None)
    categories = read_panoptic_json(path, backend_args=backend_args)['categories']
    check_categories(path, categories)
    if getattr(dataset, 'choice', None) is not None:
        categories = chosen_categories(path, categories, dataset.choice)
    fields = ('id', 'name', 'isthing')
    return [{field: category[field] for field in fields} for category in categories]


def label_categories(meta: Mapping) -> list[dict]:
    """Categories of a dataset with Cityscapes' official label ids.

    A class that the dataset has merged has the id of its first member.

    Args:
        meta: ``classes`` and ``thing_classes``; ``label_ids``, one a class, where the
            names are not Cityscapes' own.

    Raises:
        ValueError: Names the classes that have no label id, or the counts that differ.
    """
    classes, things = meta['classes'], set(meta['thing_classes'])
    ids = meta.get('label_ids')
    if ids is None:
        official = {label.name: label.label_id for label in TABLE}
        members = meta.get('class_members', {})
        found = {name: official.get(members.get(name, [name])[0]) for name in classes}
        unknown = [name for name, number in found.items() if number is None]
        if unknown:
            raise ValueError(
                f"the dataset's classes {unknown} have no label id of Cityscapes, and "
                f"its metainfo has no 'label_ids'; known are {[*official]}"
            )
        ids = found.values()
    elif len(ids) != len(classes):
        raise ValueError(
            f"dataset_meta['label_ids'] has {len(ids)} ids for {len(classes)} classes"
        )
    return [
        dict(id=int(number), name=name, isthing=int(name in things))
        for number, name in zip(ids, classes, strict=True)
    ]


COCO = (PanopticArchive,), json_categories
CITYSCAPES = (
    (CityscapesPanopticArchive, PixelArchive, InstanceArchive),
    lambda dataset: label_categories(dataset.metainfo),
)
COCO_TEST_DEV = BenchmarkSplit(
    ann_file='annotations/panoptic_image_info_test-dev2017.json',
    img_prefix='test2017/',
    converter='coco.py',
)
CITYSCAPES_TEST = BenchmarkSplit(
    ann_file='gtFine/cityscapes_panoptic_test.json',
    img_prefix='leftImg8bit/test/',
    converter='cityscapes.py',
)
FORMATS = {
    fmt.name: fmt
    for fmt in (
        SubmissionFormat('coco-test-dev', *COCO, COCO_TEST_DEV),
        SubmissionFormat('coco-val', *COCO),
        SubmissionFormat('cityscapes-test', *CITYSCAPES, CITYSCAPES_TEST),
        SubmissionFormat('cityscapes-val', *CITYSCAPES),
        SubmissionFormat('ade20k-val', *COCO),
    )
}


def find_format(name: str) -> SubmissionFormat:
    """Return the format of a name.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in FORMATS:
        raise ValueError(f'submission format {name!r}, known are {[*FORMATS]}')
    return FORMATS[name]
