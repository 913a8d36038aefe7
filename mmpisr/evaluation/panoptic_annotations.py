"""COCO-panoptic ground truth, read once and kept as small arrays."""

import os.path as osp
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from mmpisr.datasets.panoptic_json import check_truth, read_panoptic_json
from mmpisr.datasets.zip_files import resolve_file, resolve_folder
from mmpisr.output_names import distinct_names

from .panoptic_quality import Segments


class PanopticAnnotations:
    """What a COCO-panoptic json says of its images, without the json's dicts.

    Args:
        ann_file: The json.
        seg_prefix: Folder of the id pngs. ``None`` means the json's path without
            ``.json``, as panopticapi assumes. It and the json may lie in a zip file
            beside their place, see ``mmpisr.datasets.zip_files.folders``.
        backend_args: Storage backend of mmengine's file functions.

    Attributes:
        categories: The json's categories, in its order.
        file_names: The pngs' names inside the folder, in the json's order.

    Raises:
        ValueError: The json lacks or doubles something, or names a category that it
            does not define.
    """

    def __init__(
        self,
        ann_file: str,
        *,
        seg_prefix: str | None = None,
        backend_args: dict | None = None,
    ) -> None:
        self.ann_file = str(ann_file)
        folder = str(seg_prefix or osp.splitext(self.ann_file)[0])
        self.seg_prefix = resolve_folder(folder)
        content = read_panoptic_json(
            resolve_file(self.ann_file), backend_args=backend_args
        )
        if 'categories' not in content:
            raise ValueError(f"{ann_file}: no field 'categories', only {[*content]}")
        check_truth(self.ann_file, content)
        self.categories: list[dict] = content['categories']
        self._row_of_id = {cat['id']: row for row, cat in enumerate(self.categories)}
        annotations = content.get('annotations', ())
        self._images = {
            image['id']: image['file_name']
            for image in content.get('images', ())
            if {'id', 'file_name'} <= image.keys()
        }
        self.file_names = [annotation['file_name'] for annotation in annotations]
        self._segments = [self._pack(annotation) for annotation in annotations]
        self._position = {
            annotation['image_id']: i for i, annotation in enumerate(annotations)
        }

    def __contains__(self, img_id: Any) -> bool:
        """Whether the json annotates this image."""
        return img_id in self._position

    def result_name(self, img_id: Any) -> str | None:
        """Name of the png of an image's prediction, ``None`` if the json lacks it.

        Its truth's; where there is no truth, a name of ``distinct_names``.
        """
        if img_id in self:
            return self.file_names[self.position(img_id)]
        image = self._images.get(img_id)
        return None if image is None else f'{self._names[image]}.png'

    @cached_property
    def _names(self) -> dict[str, str]:
        """Names of the results of all listed images, by their file names."""
        return distinct_names(self._images.values())

    def position(self, img_id: Any) -> int:
        """Return the place of an image's annotation in the json.

        Raises:
            ValueError: The json does not annotate the image.
        """
        if img_id not in self._position:
            raise ValueError(
                f"{self.ann_file}: 'annotations' has no image_id {img_id!r}, the id of "
                f'a predicted image, among its {len(self._position)}, which begin with '
                f'{[*self._position][:3]}'
            )
        return self._position[img_id]

    def paths(self) -> list[str]:
        """Where the pngs are, in the order of the json."""
        return [osp.join(self.seg_prefix, name) for name in self.file_names]

    def segments(self, position: int) -> Segments:
        """Segments of the annotation at this place."""
        return self._segments[position]

    def _pack(self, annotation: Mapping) -> Segments:
        infos = annotation['segments_info']
        return pack_segments(
            ids=[info['id'] for info in infos],
            categories=[self._row_of_id[info['category_id']] for info in infos],
            areas=[info['area'] for info in infos],
            is_crowd=[info.get('iscrowd', 0) for info in infos],
        )


def segments_of_sample(
    infos: Sequence[Mapping], is_thing: np.ndarray, area_of_id: Mapping[int, int]
) -> Segments:
    """Pack the ``segments_info`` that mmdet's panoptic dataset puts on a sample.

    Args:
        infos: Each with ``id``, ``category`` (a label) and ``is_thing``, which is false
            for stuff and for crowds.
        is_thing: Which labels are things, bool, ``(N,)``.
        area_of_id: Pixels of each id in the image's png.

    Returns:
        The segments; categories are labels.
    """
    labels = [info['category'] for info in infos]
    return pack_segments(
        ids=[info['id'] for info in infos],
        categories=labels,
        areas=[area_of_id.get(info['id'], 0) for info in infos],
        is_crowd=[
            is_thing[label] and not info['is_thing']
            for label, info in zip(labels, infos, strict=True)
        ],
    )


def pack_segments(
    *, ids: Sequence, categories: Sequence, areas: Sequence, is_crowd: Sequence
) -> Segments:
    """Put plain lists of equal length, which may be empty, into arrays."""
    return Segments(
        ids=np.asarray(ids, dtype=np.int64),
        categories=np.asarray(categories, dtype=np.int64),
        areas=np.asarray(areas, dtype=np.int64),
        is_crowd=np.asarray(is_crowd, dtype=bool),
    )
