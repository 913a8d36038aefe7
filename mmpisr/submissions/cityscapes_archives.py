"""Cityscapes' pixel-level and instance-level results."""

import math
import posixpath
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from mmpisr.datasets.segment_png import COMPACT
from mmpisr.evaluation.predicted_image import PredictedImage

from .archive import Archive, ImageFiles
from .checks import GRAY, SubmissionReport
from .image_list import FRAME, ImageList, ListedImage

UNLABELED = 0
LINE = 'relative/mask.png labelID confidence'  # of a text file


class PixelArchive(Archive):
    """Cityscapes' pixel-level results: a png of label ids an image.

    ``<city>_123456_123456_labelIds.png`` has one channel of 8 bits. The semantic
    prediction is used where there is one, else the panoptic map. Void is label 0
    (unlabeled), which counts as wrong wherever the truth is evaluated.
    """

    kind = 'pixel'
    suffix = '-pixel'

    def files(self, image: ListedImage, prediction: PredictedImage) -> ImageFiles:
        """The png."""
        ids = [category['id'] for category in prediction.table.categories]
        label_ids = np.array([*ids, UNLABELED], np.uint8)  # row -1 = void = the last
        content = _encode_gray(label_ids[prediction.semantic_rows()])
        return ImageFiles({f'{image.frame}_labelIds.png': content})

    def check(self, report: SubmissionReport, images: ImageList) -> None:
        """Compare the pngs with the list of images and its labels."""
        known = {UNLABELED, *(category['id'] for category in images.categories)}
        others = sorted(name for name in report.names if not name.endswith('.png'))
        if others:
            report.problem(f'{others} belong to no image of the list')
        for image, name in _own_files(report, images, '.png'):
            labels = report.read_png(name, image, pixel_type=GRAY)
            unknown = set() if labels is None else {*np.unique(labels).tolist()} - known
            if unknown:
                report.problem(
                    f'{name} has label ids {sorted(unknown)}, evaluated are '
                    f'{sorted(known)} ({UNLABELED} = void)'
                )


class InstanceArchive(Archive):
    """Cityscapes' instance-level results: a text file and binary masks an image.

    ``<frame>_pred.txt`` has a line of mask, label id and confidence for each thing; the
    masks are ``masks/<frame>_<number>.png``, 255 inside. Models without instance
    confidences give every thing segment confidence 1.
    """

    kind = 'instance'
    suffix = '-instance'

    def files(self, image: ListedImage, prediction: PredictedImage) -> ImageFiles:
        """The text file (empty without things) and the masks."""
        table, found = prediction.table, prediction.instances
        files: dict[str, bytes] = {}
        lines = []
        for row, score, mask in zip(
            found.categories, found.scores, found.masks(), strict=True
        ):
            if row >= 0 and table.is_thing[row] and mask.any():
                name = f'masks/{image.frame}_{len(files):03}.png'
                files[name] = _encode_gray(mask.astype(np.uint8) * 255)
                label_id = table.categories[row]['id']
                lines.append(f'{name} {label_id} {float(score)!r}\n')
        files[f'{image.frame}_pred.txt'] = ''.join(lines).encode()
        return ImageFiles(files)

    def check(self, report: SubmissionReport, images: ImageList) -> None:
        """Report what cityscapesScripts' evaluator would refuse or misread."""
        thing_ids = {c['id'] for c in images.categories if c['isthing']}
        unused = {name for name in report.names if not name.endswith('.txt')}
        for image, name in _own_files(report, images, '.txt'):
            unused -= _check_lines(report, name, image, thing_ids)
        if unused:
            report.problem(
                f'{len(unused)} files are named by no text file of the list, the first '
                f'is {min(unused)}'
            )


def _own_files(
    report: SubmissionReport, images: ImageList, suffix: str
) -> Iterator[tuple[ListedImage, str]]:
    """Yield each image with its one file of a suffix; report all other files."""
    names_of = defaultdict(list)
    for name in sorted(name for name in report.names if name.endswith(suffix)):
        found = FRAME.fullmatch(Path(name).stem)
        names_of[found.group(1) if found else name].append(name)
    for image in images.images:
        names = names_of.pop(image.frame, [])
        if len(names) == 1:
            report.counts['images'] += 1
            yield image, names[0]
        else:
            report.problem(
                f'image {image.id!r} has {len(names)} files {names}, not 1 named '
                f'{image.frame}*{suffix}'
            )
    for names in names_of.values():
        report.problem(f'{names} belong to no image of the list')


def _check_lines(
    report: SubmissionReport, text_file: str, image: ListedImage, thing_ids: set[int]
) -> set[str]:
    """Check one text file and its masks; return the masks that it names."""
    masks: set[str] = set()
    folder = posixpath.dirname(text_file)
    lines = (report.read(text_file) or b'').splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            mask, label_id = _parse_line(line.decode(), folder)
            if mask in masks:
                raise ValueError(f'mask {mask} is named a second time')
            masks.add(mask)
            if mask not in report.names:
                raise ValueError(f'mask {mask} is not in the archive')
            if label_id not in thing_ids:
                raise ValueError(
                    f'label id {label_id} is no thing, things are {sorted(thing_ids)}'
                )
        except ValueError as error:
            report.problem(f'{text_file} line {number}: {error}')
        else:
            report.counts['instances'] += 1
            report.read_png(mask, image, pixel_type=GRAY)
    return masks


def _parse_line(line: str, folder: str) -> tuple[str, int]:
    """Return the mask and the label id of one line of a text file in ``folder``.

    Raises:
        ValueError: Describes what is wrong with the line.
    """
    fields = line.split(' ')
    if len(fields) != len(LINE.split(' ')):
        raise ValueError(f'{line!r} has {len(fields)} fields, not 3: {LINE}')
    mask = posixpath.normpath(posixpath.join(folder, fields[0]))
    if posixpath.isabs(fields[0]) or mask.startswith('..'):
        raise ValueError(f'mask {fields[0]!r} is outside the archive')
    try:
        label_id, confidence = int(fields[1]), float(fields[2])
    except ValueError as error:
        raise ValueError(f'{line!r} is not "{LINE}" ({error})') from error
    if not math.isfinite(confidence):
        raise ValueError(f'confidence {fields[2]!r} is not finite')
    return mask, label_id


def _encode_gray(pixels: np.ndarray) -> bytes:
    """Encode one channel of 8 bits, ``(H, W)``, as a png."""
    return cv2.imencode('.png', pixels, COMPACT)[1].tobytes()
