"""Cityscapes' pixel-level results: one png of label ids an image."""

from collections import defaultdict

import cv2
import numpy as np

from mmpisr.datasets.segment_png import COMPACT

from .archive import Archive, ImageFiles
from .archive_reader import GRAY, ArchiveReader, decode_gray
from .cityscapes_names import frame_of
from .image_list import ImageList, ListedImage
from .png_checks import read_png
from .prediction import Prediction
from .report import SubmissionReport

UNLABELED = 0


class PixelArchive(Archive):
    """``<city>_123456_123456_labelIds.png``: one channel of 8 bits, label ids.

    The semantic prediction is used where there is one, else the panoptic map. Void is
    label 0 (unlabeled), which counts as wrong wherever the truth is evaluated.
    """

    kind = 'pixel'
    suffix = '-pixel'

    def result_name(self, image: ListedImage) -> str:
        """The frame."""
        return frame_of(image.file_name)

    def files(self, image: ListedImage, prediction: Prediction) -> ImageFiles:
        """The png."""
        ids = [category['id'] for category in prediction.table.categories]
        label_ids = np.array([*ids, UNLABELED], np.uint8)  # row -1 = void = the last
        content = encode_gray(label_ids[prediction.semantic_rows()])
        return ImageFiles({f'{frame_of(image.file_name)}_labelIds.png': content}, {})

    def check(
        self, reader: ArchiveReader, images: ImageList, report: SubmissionReport
    ) -> None:
        """Compare the pngs with the list of images and its labels."""
        known = {UNLABELED, *(category['id'] for category in images.categories)}
        found = defaultdict(list)
        for name in sorted(reader.names):
            found[_frame_or_name(name)].append(name)
        for image in images.images:
            names = found.pop(frame_of(image.file_name), [])
            if len(names) != 1:
                report.problem(
                    f'image {image.id!r} has {len(names)} files {names}, not 1 named '
                    f'{frame_of(image.file_name)}*.png'
                )
                continue
            report.count('images')
            _check_labels(reader, names[0], image, report, known)
        for names in found.values():
            report.problem(f'{names} belong to no image of the list')


def encode_gray(pixels: np.ndarray) -> bytes:
    """Encode one channel of 8 bits, ``(H, W)``, as a png."""
    return cv2.imencode('.png', pixels, COMPACT)[1].tobytes()


def _frame_or_name(name: str) -> str:
    try:
        return frame_of(name) if name.endswith('.png') else name
    except ValueError:
        return name


def _check_labels(
    reader: ArchiveReader,
    name: str,
    image: ListedImage,
    report: SubmissionReport,
    known: set[int],
) -> None:
    labels = read_png(reader, name, image, report, colour=GRAY, decode=decode_gray)
    unknown = set() if labels is None else {*np.unique(labels).tolist()} - known
    if unknown:
        report.problem(
            f'{name} has label ids {sorted(unknown)}, evaluated are {sorted(known)} '
            f'({UNLABELED} = void)'
        )
