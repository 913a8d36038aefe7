"""COCO's panoptic results: a json and a folder of pngs of the same name."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mmpisr.datasets.segment_png import encode_segment_ids

from .archive import Archive, ImageFiles
from .archive_reader import ArchiveReader
from .cityscapes_names import frame_of
from .image_list import ImageList, ListedImage
from .panoptic_checks import check_panoptic
from .prediction import Prediction
from .report import SubmissionReport

COCO_NAME = re.compile(r'panoptic_[^_]+_(.+)_results')


class PanopticArchive(Archive):
    """As COCO names it: ``panoptic_{split}_{algorithm}_results``.

    The algorithm is taken from the zip file's name: ``pisr`` of
    ``panoptic_test-dev2017_pisr_results.zip``, the whole stem of any other.
    """

    kind = 'panoptic'

    @property
    def name(self) -> str:
        """Name of the json and of the folder."""
        stem = self.path.stem
        found = COCO_NAME.fullmatch(stem)
        return f'panoptic_{self.split}_{found.group(1) if found else stem}_results'

    def image_id(self, image: ListedImage) -> int | str:
        """Id of an image in the json."""
        return image.id

    def result_name(self, image: ListedImage) -> str:
        """The image's name in the list."""
        return image.name

    def png_name(self, image: ListedImage) -> str:
        """Name of an image's png, without the folder."""
        return f'{self.result_name(image)}.png'

    def files(self, image: ListedImage, prediction: Prediction) -> ImageFiles:
        """The png of segment ids, and the image's entry in the json."""
        ids, segments = prediction.described
        name = self.png_name(image)
        entry = dict(
            image_id=self.image_id(image),
            file_name=name,
            segments_info=[
                dict(id=segment['id'], category_id=segment['category_id'])
                for segment in segments
            ],
        )
        png = encode_segment_ids(ids, compact=True)  # servers limit sizes
        return ImageFiles({f'{self.name}/{name}': png}, entry)

    def texts(
        self, images: Sequence[ListedImage], entries: Iterable[dict]
    ) -> Iterator[tuple[str, Iterable[str]]]:
        """The json, entry by entry."""
        yield f'{self.name}.json', _pieces(entries)

    def check(
        self, reader: ArchiveReader, images: ImageList, report: SubmissionReport
    ) -> None:
        """Compare json, pngs and the list of images."""
        entries = {self.image_id(image): image for image in images.images}
        names = {key: self.png_name(image) for key, image in entries.items()}
        check_panoptic(
            reader,
            report,
            name=self.name,
            images=entries,
            png_names=names,
            category_ids={category['id'] for category in images.categories},
        )


class CityscapesPanopticArchive(PanopticArchive):
    """As cityscapesScripts names its own: ``cityscapes_panoptic_{split}``.

    An image's id is its frame, ``<city>_123456_123456``.
    """

    @property
    def name(self) -> str:
        """Name of the json and of the folder."""
        return f'cityscapes_panoptic_{self.split}'

    def image_id(self, image: ListedImage) -> str:
        """The frame."""
        return self.result_name(image)

    def result_name(self, image: ListedImage) -> str:
        """The frame."""
        return frame_of(image.file_name)

    def png_name(self, image: ListedImage) -> str:
        """The frame and what is in the file."""
        return f'{self.result_name(image)}_panoptic.png'


def coco_zip_name(out_file: Path, split: str) -> str:
    """Name that COCO asks for where a zip file has another one."""
    return f'{PanopticArchive(out_file, split).name}.zip'


def _pieces(entries: Iterable[dict]) -> Iterator[str]:
    yield '{"annotations": ['
    for position, entry in enumerate(entries):
        yield (',\n' if position else '\n') + json.dumps(entry)
    yield '\n]}\n'
