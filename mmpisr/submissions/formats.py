"""The submissions that can be written, by the name that ``--submission`` takes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmpisr.datasets.panoptic_json import chosen_categories, read_panoptic_json

from .archive import Archive
from .cityscapes_names import label_categories
from .image_list import check_things_are_known
from .instance_archive import InstanceArchive
from .panoptic_archive import CityscapesPanopticArchive, PanopticArchive
from .pixel_archive import PixelArchive


class BenchmarkSplit(NamedTuple):
    """Where a test split lies.

    Attributes:
        ann_file: Its json (images and categories), below the dataset's root.
        img_prefix: The folder of its images there.
        converter: The script in ``tools/dataset_converters`` that makes the json.
    """

    ann_file: str
    img_prefix: str
    converter: str


class SubmissionFormat(NamedTuple):
    """What a benchmark asks for.

    Attributes:
        name: Its key in ``FORMATS``.
        kinds: The zip files, one class each.
        categories: Makes the list of categories (``id``, ``name``, ``isthing``) with
            the benchmark's ids out of a dataset.
        test_set: The split that the benchmark keeps the truth of, in the official
            layout; ``None`` = whatever test set a config has.
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
        ValueError: The dataset has no json, or that does not say what things are.
    """
    path = getattr(dataset, 'ann_file', None)
    if not path:
        raise ValueError(
            f'a submission needs a dataset with ann_file, {type(dataset).__name__} '
            f'has {path!r}'
        )
    backend_args = getattr(dataset, 'backend_args', None)
    categories = read_panoptic_json(path, backend_args=backend_args)['categories']
    check_things_are_known(path, categories)
    if getattr(dataset, 'choice', None) is not None:
        categories = chosen_categories(path, categories, dataset.choice)
    fields = ('id', 'name', 'isthing')
    return [{field: category[field] for field in fields} for category in categories]


def _cityscapes_categories(dataset: Any) -> list[dict]:
    meta: Mapping = dataset.metainfo
    return label_categories(meta)


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
COCO = (PanopticArchive,), json_categories
CITYSCAPES = (
    (CityscapesPanopticArchive, PixelArchive, InstanceArchive),
    _cityscapes_categories,
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
    """Look a format up.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in FORMATS:
        raise ValueError(f'submission format {name!r}, known are {[*FORMATS]}')
    return FORMATS[name]
