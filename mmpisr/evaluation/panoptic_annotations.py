"""COCO-panoptic ground truth: the json, read once, and the pngs, one read ahead."""

import os.path as osp
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np

from mmpisr.datasets.classes import ClassChoice, merged_ids
from mmpisr.datasets.panoptic_json import (
    check_truth,
    chosen_categories,
    read_panoptic_json,
)
from mmpisr.datasets.segment_png import replace_ids
from mmpisr.datasets.zip_files import resolve_file, resolve_folder
from mmpisr.output_names import distinct_names

from .ground_truth import ImageTruth, Segments, areas_of, read_segment_ids


class PanopticAnnotations:
    """A COCO-panoptic json, kept as small arrays, and its folder of pngs.

    Args:
        ann_file: The json.
        seg_prefix: Folder of the id pngs. ``None`` means the json's path without
            ``.json``, as panopticapi assumes. Folder and json are also found in a zip
            file, see ``mmpisr.datasets.zip_files.resolve_folder``.
        backend_args: Storage backend of mmengine's file functions.

    Attributes:
        categories: The json's categories, in its order, or those chosen and merged by
            ``choose_classes``.
        file_names: The pngs' names inside the folder, in the json's order.

    Raises:
        ValueError: A field of the json is missing, an id is not unique, or a segment
            has a category that is not defined.
    """

    def __init__(
        self,
        ann_file: str,
        *,
        seg_prefix: str | None = None,
        backend_args: dict | None = None,
    ) -> None:
        self.ann_file = str(ann_file)
        folder = resolve_folder(str(seg_prefix or osp.splitext(self.ann_file)[0]))
        path = resolve_file(self.ann_file)
        content = read_panoptic_json(path, backend_args=backend_args)
        if 'categories' not in content:
            raise ValueError(f"{ann_file}: no field 'categories', only {[*content]}")
        check_truth(self.ann_file, content)
        self.categories: list[dict] = content['categories']
        annotations = content.get('annotations', ())
        self._images = {
            image['id']: image['file_name']
            for image in content.get('images', ())
            if {'id', 'file_name'} <= image.keys()
        }
        self.file_names = [annotation['file_name'] for annotation in annotations]
        rows = {category['id']: i for i, category in enumerate(self.categories)}
        self._segments = [_segments_of(annotation, rows) for annotation in annotations]
        self._positions = {a['image_id']: i for i, a in enumerate(annotations)}
        self._row_of: list[int | None] | None = None  # None = no classes were chosen
        self._num_things = 0
        paths = [osp.join(folder, name) for name in self.file_names]
        self._pngs = PngPrefetcher(paths, backend_args=backend_args)

    def choose_classes(self, members: Mapping[str, Sequence[str]]) -> None:
        """Choose and merge categories, as ``PanopticDataset(classes=...)`` does.

        Args:
            members: Names of the categories of each class; others become void.
        """
        choice = ClassChoice(members)
        chosen = chosen_categories(self.ann_file, self.categories, choice)
        row_of_name = {category['name']: row for row, category in enumerate(chosen)}
        class_of = choice.class_of(self.categories)
        self._row_of = [
            row_of_name.get(class_of.get(category['id'], ''))
            for category in self.categories
        ]
        self._num_things = sum(bool(category['isthing']) for category in chosen)
        self.categories = chosen

    def result_name(self, img_id: Any) -> str | None:
        """Name of the png of an image's prediction, ``None`` if the json lacks it.

        The name of its truth; where there is no truth, a name of ``distinct_names``.
        """
        if img_id in self._positions:
            return self.file_names[self._positions[img_id]]
        image = self._images.get(img_id)
        return None if image is None else f'{self._result_names[image]}.png'

    @cached_property
    def _result_names(self) -> dict[str, str]:
        """Names of the results of all listed images, by their file names."""
        return distinct_names(self._images.values())

    def truth(self, img_id: Any) -> ImageTruth:
        """Read the truth of an image.

        Raises:
            ValueError: The json lacks the image, or its png cannot be read.
        """
        if img_id not in self._positions:
            raise ValueError(
                f"{self.ann_file}: 'annotations' has no image_id {img_id!r}, the id of "
                f'a predicted image, among its {len(self._positions)}, which begin '
                f'with {[*self._positions][:3]}'
            )
        position = self._positions[img_id]
        ids, segments = self._pngs.read(position), self._segments[position]
        if self._row_of is not None:
            ids, segments = self._merge(ids, segments)
        return ImageTruth(self._pngs.paths[position], ids, segments)

    def _merge(
        self, ids: np.ndarray, segments: Segments
    ) -> tuple[np.ndarray, Segments]:
        """Replace the ids of merged segments, and remove these from the list."""
        assert self._row_of is not None
        rows = [self._row_of[category] for category in segments.categories]
        triples = zip(segments.ids.tolist(), rows, segments.is_crowd, strict=True)
        merged = merged_ids(triples, self._num_things)
        ids = replace_ids(ids, merged)
        kept = [i for i, id_ in enumerate(segments.ids.tolist()) if id_ not in merged]
        return ids, Segments.of(
            ids=segments.ids[kept],
            categories=[rows[i] for i in kept],
            areas=areas_of(ids, segments.ids[kept].tolist()),
            is_crowd=segments.is_crowd[kept],
        )


class PngPrefetcher:
    """Reads segment pngs out of an ordered list, one of them ahead in a thread.

    Decoding takes over half of a metric's time and needs no GIL. The next file is only
    guessed where the last three were at equal distances, as with an unshuffled sampler
    (of one rank or several); otherwise nothing is read ahead.

    Args:
        paths: All files, in the order of the annotations.
        backend_args: Storage backend of mmengine's file functions.
    """

    def __init__(
        self, paths: Sequence[str], *, backend_args: dict | None = None
    ) -> None:
        self.paths = paths
        self.backend_args = backend_args
        self._recent: deque[int] = deque(maxlen=3)
        self._ahead: dict[int, Future] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix='truth-png')

    def read(self, position: int) -> np.ndarray:
        """Return the ids of a file, int32, ``(H, W)``.

        Raises:
            ValueError: See ``read_segment_ids``.
        """
        ahead, self._ahead = self._ahead, {}
        self._recent.append(position)
        if position in ahead:
            ids = ahead[position].result()
        else:
            ids = read_segment_ids(self.paths[position], self.backend_args)
        upcoming = self.guess()
        if upcoming is not None:
            self._ahead = {upcoming: self._submit(self.paths[upcoming])}
        return ids

    def guess(self) -> int | None:
        """Next position if the last three were at equal distances, else None."""
        if len(self._recent) < 3:
            return None
        first, second, third = self._recent
        step = third - second
        inside = 0 <= third + step < len(self.paths)
        return third + step if step and step == second - first and inside else None

    def _submit(self, path: str) -> Future:
        return self._pool.submit(read_segment_ids, path, self.backend_args)


def _segments_of(annotation: Mapping, rows: Mapping[Any, int]) -> Segments:
    """Segments of an annotation of a json; ``rows`` are those of category ids."""
    infos = annotation['segments_info']
    return Segments.of(
        ids=[info['id'] for info in infos],
        categories=[rows[info['category_id']] for info in infos],
        areas=[info['area'] for info in infos],
        is_crowd=[info.get('iscrowd', 0) for info in infos],
    )
