"""Cityscapes' pixel-level and instance-level results."""

import math
import posixpath
from collections import defaultdict

import cv2
import numpy as np

from mmpisr.datasets.segment_png import COMPACT
from mmpisr.evaluation.predicted_image import PredictedImage

from .archive import Archive, ImageFiles
from .checks import GRAY, CheckedZip
from .image_list import ImageList, ListedImage, frame_of

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

    def check(self, found: CheckedZip, images: ImageList) -> None:
        """Compare the pngs with the list of images and its labels."""
        report = found.report
        known = {UNLABELED, *(category['id'] for category in images.categories)}
        names_of = defaultdict(list)
        for name in sorted(found.names):
            names_of[_frame_or_name(name)].append(name)
        for image in images.images:
            names = names_of.pop(image.frame, [])
            if len(names) != 1:
                report.problem(
                    f'image {image.id!r} has {len(names)} files {names}, not 1 named '
                    f'{image.frame}*.png'
                )
                continue
            report.counts['images'] += 1
            labels = found.read_png(names[0], image, kind=GRAY)
            unknown = set() if labels is None else {*np.unique(labels).tolist()} - known
            if unknown:
                report.problem(
                    f'{names[0]} has label ids {sorted(unknown)}, evaluated are '
                    f'{sorted(known)} ({UNLABELED} = void)'
                )
        for names in names_of.values():
            report.problem(f'{names} belong to no image of the list')


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

    def check(self, found: CheckedZip, images: ImageList) -> None:
        """Report what cityscapesScripts' evaluator would refuse or misread."""
        thing_ids = {c['id'] for c in images.categories if c['isthing']}
        texts = sorted(name for name in found.names if name.endswith('.txt'))
        used: set[str] = set()
        for image in images.images:
            frame = image.frame
            own = [name for name in texts if posixpath.basename(name).startswith(frame)]
            used.update(own)
            if len(own) == 1:
                found.report.counts['images'] += 1
                used |= _check_lines(found, own[0], image, thing_ids)
            else:
                found.report.problem(
                    f'image {image.id!r} has {len(own)} text files {own}, not 1 named '
                    f'{frame}*.txt'
                )
        unused = sorted(found.names - used)
        if unused:
            found.report.problem(
                f'{len(unused)} files are named by no text file of the list, the first '
                f'is {unused[0]}'
            )


def _check_lines(
    found: CheckedZip, text_file: str, image: ListedImage, thing_ids: set[int]
) -> set[str]:
    """Check one text file and its masks; return the masks that it names."""
    masks: set[str] = set()
    folder = posixpath.dirname(text_file)
    for number, line in enumerate((found.read(text_file) or b'').splitlines(), start=1):
        try:
            mask, label_id = _parse_line(line.decode(), folder)
            if mask in masks:
                raise ValueError(f'mask {mask} is named a second time')
            masks.add(mask)
            if mask not in found.names:
                raise ValueError(f'mask {mask} is not in the archive')
            if label_id not in thing_ids:
                raise ValueError(
                    f'label id {label_id} is no thing, things are {sorted(thing_ids)}'
                )
        except ValueError as error:
            found.report.problem(f'{text_file} line {number}: {error}')
        else:
            found.report.counts['instances'] += 1
            found.read_png(mask, image, kind=GRAY)
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


def _frame_or_name(name: str) -> str:
    try:
        return frame_of(name) if name.endswith('.png') else name
    except ValueError:
        return name
