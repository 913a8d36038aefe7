"""Panoptic results: a json, and a folder of pngs of segment ids."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mmpisr.datasets.segment_png import encode_segment_ids, id_difference
from mmpisr.datasets.validation.json_checks import (
    ANNOTATION_FIELDS,
    annotation_problems,
)
from mmpisr.datasets.validation.problems import ID, WHOLE, complete
from mmpisr.evaluation.overlaps import count_pixels
from mmpisr.evaluation.predicted_image import PredictedImage

from .archive import Archive, ImageFiles
from .checks import RGB, SubmissionReport
from .image_list import ImageList, ListedImage

COCO_NAME = re.compile(r'panoptic_[^_]+_(.+)_results')
SEGMENT_FIELDS = dict(id=WHOLE, category_id=ID)


class PanopticArchive(Archive):
    """COCO's panoptic results: a json and a folder of pngs, both of one name.

    The name is ``panoptic_{split}_{algorithm}_results``. The algorithm is taken from
    the zip file's name: ``pisr`` of ``panoptic_test-dev2017_pisr_results.zip``, the
    whole stem of any other.
    """

    kind = 'panoptic'

    @property
    def name(self) -> str:
        """Name of the json and of the folder."""
        stem = self.path.stem
        found = COCO_NAME.fullmatch(stem)
        return f'panoptic_{self.split}_{found.group(1) if found else stem}_results'

    @property
    def json_name(self) -> str:  # type: ignore[override]
        """The json."""
        return f'{self.name}.json'

    def result_name(self, image: ListedImage) -> str:
        """The image's name in the list."""
        return image.name

    def image_id(self, image: ListedImage) -> int | str:
        """Id of an image in the json."""
        return image.id

    def png_name(self, image: ListedImage) -> str:
        """Name of an image's png, without the folder."""
        return f'{self.result_name(image)}.png'

    def files(self, image: ListedImage, prediction: PredictedImage) -> ImageFiles:
        """The png of segment ids, and the image's annotation."""
        ids, segments = prediction.segment_ids
        name = self.png_name(image)
        annotation = dict(
            image_id=self.image_id(image),
            file_name=name,
            segments_info=[
                {field: segment[field] for field in SEGMENT_FIELDS}
                for segment in segments
            ],
        )
        png = encode_segment_ids(ids, compact=True)  # servers limit sizes
        return ImageFiles({f'{self.name}/{name}': png}, annotation)

    def check(self, report: SubmissionReport, images: ImageList) -> None:
        """Compare json, pngs and the list of images."""
        annotations = self._annotations(report)
        if annotations is None:
            return
        listed = {self.image_id(image): image for image in images.images}
        self._check_members(report, images.images)
        for problem in annotation_problems(
            self.json_name,
            annotations,
            listed,
            {category['id'] for category in images.categories},
            segment_fields=SEGMENT_FIELDS,
        ):
            report.problem(str(problem))
        for annotation in complete(annotations, ANNOTATION_FIELDS):
            if annotation['image_id'] in listed:
                self._check_image(report, listed[annotation['image_id']], annotation)

    def _annotations(self, report: SubmissionReport) -> Any:
        """The field ``annotations`` of the json; None after a problem."""
        if self.json_name not in report.names:
            others = sorted(name for name in report.names if name.endswith('.json'))
            report.problem(f'{self.json_name} is missing; its json files are {others}')
            return None
        try:
            return json.loads(report.read(self.json_name) or b'')['annotations']
        except (ValueError, KeyError, TypeError) as error:
            report.problem(
                f"{self.json_name}: no complete json with 'annotations' ({error!r})"
            )
            return None

    def _check_members(
        self, report: SubmissionReport, images: Sequence[ListedImage]
    ) -> None:
        wanted = {f'{self.name}/{self.png_name(image)}' for image in images}
        missing = sorted(wanted - report.names)
        extra = sorted(report.names - wanted - {self.json_name})
        if missing:
            report.problem(
                f'{len(missing)} of {len(wanted)} pngs are missing, the first is '
                f'{missing[0]}'
            )
        if extra:
            report.problem(
                f'{len(extra)} files do not belong here, the first is {extra[0]}; '
                f'expected are {self.json_name} and one png an image in {self.name}/'
            )

    def _check_image(
        self, report: SubmissionReport, image: ListedImage, annotation: Mapping
    ) -> None:
        wanted = self.png_name(image)
        segments = complete(annotation['segments_info'], SEGMENT_FIELDS)
        report.counts['images'] += 1
        report.counts['segments'] += len(segments)
        report.counts['images without segment'] += not segments
        if annotation['file_name'] != wanted:
            report.problem(
                f'{self.json_name}: annotations[image_id={annotation["image_id"]!r}]'
                f'.file_name is {annotation["file_name"]!r}, not {wanted!r}'
            )
        png = f'{self.name}/{wanted}'
        ids = (
            report.read_png(png, image, pixel_type=RGB) if png in report.names else None
        )
        if ids is not None:
            in_png = {*count_pixels(ids)[0].tolist()}
            difference = id_difference(in_png, {segment['id'] for segment in segments})
            if difference:
                report.problem(f'{png}: {difference}')


class CityscapesPanopticArchive(PanopticArchive):
    """Panoptic results named as in cityscapesScripts: ``cityscapes_panoptic_{split}``.

    An image's id is its frame, ``<city>_123456_123456``.
    """

    @property
    def name(self) -> str:
        """Name of the json and of the folder."""
        return f'cityscapes_panoptic_{self.split}'

    def result_name(self, image: ListedImage) -> str:
        """The frame."""
        return image.frame

    def image_id(self, image: ListedImage) -> str:
        """The frame."""
        return image.frame

    def png_name(self, image: ListedImage) -> str:
        """The frame and what the file contains."""
        return f'{image.frame}_panoptic.png'
