"""Any dataset in COCO-panoptic format, checked before training starts."""

import logging
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import cv2
from mmdet.datasets.base_det_dataset import BaseDetDataset
from mmengine.dataset import Compose
from mmengine.logging import print_log

from mmpisr.registry import DATASETS

from .classes import ClassChoice, Given, merged_ids
from .image_file import FRAMES, UnreadableError
from .panoptic_json import (
    categories_metainfo,
    check_annotations,
    check_files_exist,
    check_images,
    check_metainfo,
    chosen_categories,
    read_panoptic_json,
)
from .pipeline_checks import check_steps
from .samplers import seeded
from .transforms.load_image import LoadImage, use_load_image
from .zip_files import is_zip_path, resolve_file, resolve_folder

FILTERS = ('filter_empty_gt', 'min_size')
NEEDED = dict(
    images='list id, file_name, height and width of each image in it',
    categories='copy it from the json that the model was trained on',
)


@DATASETS.register_module()
class PanopticDataset(BaseDetDataset):
    """COCO-panoptic dataset with the categories of its own json.

    Differs from mmdet's ``CocoPanopticDataset``: class names come from the json, png
    names from its ``annotations[].file_name``, images without things are kept, and
    json and files are checked before training starts.

    A missing json or folder is searched in the zip files beside it
    (:func:`mmpisr.datasets.zip_files.resolve_folder`); ``zip://`` paths are read too.

    Args:
        ann_file: Json in COCO-panoptic format, relative to ``data_root``. One without
            annotations (as for a test server) needs ``test_mode``.
        metainfo: Class names must be those of the json; other keys are free. Without
            annotations, given class names replace the json's.
        data_root: Root of the relative paths.
        data_prefix: Folders of images (``img``) and segment pngs (``seg``).
        filter_cfg: For training: ``min_size`` drops images with a shorter side below
            it; ``filter_empty_gt`` drops images without any segment (not those
            without things, as mmdet does).
        indices: Use only these, or that many first, images.
        serialize_data: Share one serialized copy among workers.
        pipeline: Transforms.
        test_mode: Nothing is filtered, and annotations may be absent.
        lazy_init: Do not read the json yet. ``metainfo`` reads it on demand.
        max_refetch: How often to draw another image when a transform gives none.
        backend_args: Of the file backend.
        orientation: Frame of labels and predictions where images have an EXIF
            orientation: ``stored`` pixels or as ``shown``. None: what
            ``info.orientation`` of the json, or the loader's ``color_type`` says, else
            the frame whose size is that in the json. All statements must agree.
        classes: Choose and merge categories: ``['car', 'road']`` or
            ``dict(car=['car', 'truck'], road=['road'])``. Other categories are void.
            Labels have this order, things first. Merged stuff is one segment an
            image, merged things stay instances. ``metainfo`` gets ``class_members``,
            by which ``PanopticMetric`` reads its truth.
        max_unreadable: In training, how many images or pngs that cannot be read may be
            replaced by others, in each worker, with a warning. The next one stops.

    Attributes:
        MAKER: Of a subclass: command that makes a missing dataset, and its usual root.

    Raises:
        FileNotFoundError: The json, an image or a png is missing.
        ValueError: Things are not first, ids are doubled or unknown, images and
            annotations do not pair, a field is missing, given class names differ, or
            no image is left.
    """

    MAKER: tuple[str, str] | None = None
    _metainfo: dict[str, Any]
    ann_file: str
    data_prefix: dict[str, str]

    def __init__(
        self,
        ann_file: str = '',
        *,
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = None,
        data_prefix: Mapping[str, str] | None = None,
        filter_cfg: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        backend_args: dict | None = None,
        orientation: str | None = None,
        classes: Given | None = None,
        max_unreadable: int = 0,
    ) -> None:
        self.orientation = orientation
        self.max_unreadable, self.num_unreadable = max_unreadable, 0
        unknown = set(filter_cfg or ()).difference(FILTERS)
        if unknown:
            raise ValueError(f'filter_cfg has {sorted(unknown)}, known are {FILTERS}')
        self._unchecked: Sequence[dict | Callable] = pipeline
        if indices is not None and not indices:
            raise ValueError(f'{ann_file}: indices={indices!r} leaves no image')
        self.num_things_classes = self.num_classes = 0
        self.choice = None if classes is None else ClassChoice(classes)
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(data_prefix or dict(img='')),
            filter_cfg=filter_cfg,
            indices=indices,
            serialize_data=serialize_data,
            pipeline=list(pipeline),
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=max_refetch,
            backend_args=backend_args,
        )

    @property
    def metainfo(self) -> dict:
        """Class names (things first), palette, and the given metainfo.

        A lazy dataset without its json has the given metainfo only, so that a trained
        model can predict without its data.
        """
        if not self._fully_initialized and not self._knows_classes():
            with suppress(FileNotFoundError):
                self._read_classes(self._read_json())
        return super().metainfo

    def full_init(self) -> None:
        """Read and check; if files are missing, name the command that makes them."""
        try:
            super().full_init()
        except FileNotFoundError as error:
            if self.MAKER is None:
                raise
            command = f'{self.MAKER[0]} {self.data_root or self.MAKER[1]}'
            raise FileNotFoundError(f'{error}; it is made by: {command}') from error

    def load_data_list(self) -> list[dict]:
        """Read and check the json; one item per image, in the json's order."""
        content = self._read_json()
        self._read_classes(content)
        self.orientation = self._stated_frame(content)
        annotations = self._read_annotations(content)

        items = [
            self.parse_data_info(dict(image=i, annotation=annotations.get(i['id'])))
            for i in content['images']
        ]
        for field, key in (('images[]', 'img_path'), ('annotations[]', 'seg_map_path')):
            paths = [item[key] for item in items if item[key]]
            check_files_exist(self.ann_file, field, paths, self.backend_args)
        return items

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Translate one image and its annotation (or None) to mmdet's keys."""
        image, annotation = raw_data_info['image'], raw_data_info['annotation']
        item = dict(
            img_path=osp.join(self.data_prefix['img'], image['file_name']),
            img_id=image['id'],
            height=image['height'],
            width=image['width'],
            orientation=self.orientation,
            num_things_classes=self.num_things_classes,  # for transforms
            num_classes=self.num_classes,
            seg_map_path=None,
            segments_info=[],
            instances=[],
        )
        if annotation is not None:
            if 'seg' in self.data_prefix:
                png = osp.join(self.data_prefix['seg'], annotation['file_name'])
                item['seg_map_path'] = png
            segments = [self._segment(info) for info in annotation['segments_info']]
            if self.choice is not None:
                kinds = [(s['id'], s['category'], s['is_crowd']) for s in segments]
                item['merged_ids'] = merged_ids(kinds, self.num_things_classes)
            known = [s for s in segments if s['category'] is not None]
            item['segments_info'] = known
            item['instances'] = [_instance(s) for s in known if s['is_thing']]
        return item

    def __getitem__(self, idx: int) -> Any:
        """One item, transformed with the seed of its draw (see ``samplers.py``)."""
        with seeded(idx):
            return super().__getitem__(idx)

    def prepare_data(self, idx: int) -> Any:
        """One item, transformed; the first call checks the pipeline.

        Returns:
            None if the image or its png cannot be read, and may be replaced.

        Raises:
            UnreadableError, OSError: The image or its png cannot be read.
            ValueError: A step moves image and segments apart, or fails on the size.
        """
        check_steps(f'{self.ann_file}: pipeline', self._unchecked)
        self._unchecked = ()
        try:
            return super().prepare_data(idx)
        except (UnreadableError, OSError) as reason:
            if self.test_mode or self.num_unreadable >= self.max_unreadable:
                raise
            self.num_unreadable += 1
            print_log(
                f'{reason}; another image takes its place ({self.num_unreadable} of '
                f'max_unreadable={self.max_unreadable})',
                logger='current',
                level=logging.WARNING,
            )
            return None
        except cv2.error as reason:
            item = self.get_data_info(idx)
            raise ValueError(
                f'{item["img_path"]}: a transform fails on (height, width) '
                f'{(item["height"], item["width"])} ({reason.err}). If a resize makes '
                'a side 0, give it keep_ratio=False or a larger scale or, in training, '
                'leave such images out with filter_cfg=dict(min_size=...)'
            ) from reason

    def filter_data(self) -> list[dict]:
        """Drop the images that ``filter_cfg`` excludes."""
        chosen = {} if self.test_mode else self.filter_cfg or {}
        min_size = chosen.get('min_size', 0)
        drop_empty = chosen.get('filter_empty_gt', False)
        kept = [
            item
            for item in self.data_list
            if min(item['height'], item['width']) >= min_size
            and (item['segments_info'] or not drop_empty)
        ]
        if not kept:
            sides = [min(i['height'], i['width']) for i in self.data_list]
            raise ValueError(
                f'{self.ann_file}: filter_cfg={chosen} leaves 0 of {len(sides)} images,'
                f' whose shorter sides have at most {max(sides, default=0)} pixels'
            )
        return kept

    @property
    def pipeline(self) -> Compose:
        """Transforms; images are loaded in the frame of their labels."""
        return self._pipeline

    @pipeline.setter
    def pipeline(self, pipeline: Compose) -> None:
        self._pipeline = use_load_image(pipeline)

    @property
    def loader(self) -> LoadImage:
        """The transform that loads images, or one with defaults."""
        loaders = (t for t in self.pipeline.transforms if isinstance(t, LoadImage))
        return next(loaders, None) or LoadImage()

    def _stated_frame(self, content: Mapping[str, Any]) -> str | None:
        """Frame of the labels as stated by config, json or loader; None if by none."""
        info = content.get('info')
        in_json = info.get('orientation') if isinstance(info, Mapping) else None
        given = self.orientation, in_json, self.loader.stated_frame
        said = {frame for frame in given if frame is not None}
        if len(said) > 1 or not said <= set(FRAMES):
            raise ValueError(
                f'{self.ann_file}: the frame of the labels is one of {FRAMES}, but (in '
                'orientation of the dataset, info.orientation of the json, color_type '
                f'of the loader) it is {given}; correct or remove all but one'
            )
        return said.pop() if said else None

    def _join_prefix(self) -> None:
        """Put ``data_root`` before relative paths, which ``zip://`` paths are not."""
        given = {k: v for k, v in self.data_prefix.items() if is_zip_path(v)}
        ann_file = self.ann_file
        super()._join_prefix()
        self.data_prefix.update(given)
        self.ann_file = ann_file if is_zip_path(ann_file) else self.ann_file

    def _find_in_zips(self) -> None:
        """Search a missing json or folder in zip files, unless a backend is given."""
        if not (self.backend_args or {}).get('backend'):
            self.ann_file = resolve_file(self.ann_file)
            folders = self.data_prefix.items()
            self.data_prefix = {k: resolve_folder(folder) for k, folder in folders}

    def _read_json(self) -> dict:
        self._find_in_zips()
        content = read_panoptic_json(self.ann_file, backend_args=self.backend_args)
        for field, remedy in NEEDED.items():
            if field not in content:
                raise ValueError(
                    f'{self.ann_file}: lacks field {field!r}; it has '
                    f'{sorted(content)}: {remedy}'
                )
        return content

    def _read_classes(self, content: dict) -> None:
        """Set ``metainfo``, ``cat_ids`` and ``cat2label``."""
        if content.get('annotations') or not self._knows_classes():
            listed, given = content['categories'], self._metainfo
            categories = chosen_categories(self.ann_file, listed, self.choice)
            read = categories_metainfo(categories)
            class_of = {c['id']: c['name'] for c in listed}
            if self.choice is not None:
                given = {k: v for k, v in given.items() if k not in self.METAINFO}
                read['class_members'] = self.choice.members
                class_of = self.choice.class_of(listed)
            check_metainfo(self.ann_file, given, read)
            self._metainfo = {**read, **given}
            self.cat_ids = [category['id'] for category in categories]
            labels = {name: label for label, name in enumerate(read['classes'])}
            self.cat2label = {c: labels[name] for c, name in class_of.items()}
        self.num_classes = len(self._metainfo['classes'])
        self.num_things_classes = len(self._metainfo['thing_classes'])

    def _knows_classes(self) -> bool:
        names = {'classes', 'thing_classes', 'stuff_classes'}
        names |= set() if self.choice is None else {'class_members'}
        return names <= set(self._metainfo)

    def _read_annotations(self, content: dict) -> dict[int, dict]:
        """Annotations by image id; none for a test json."""
        check_images(self.ann_file, content['images'])
        annotations = content.get('annotations', [])
        if annotations or not self.test_mode:
            check_annotations(self.ann_file, content)
        return {annotation['image_id']: annotation for annotation in annotations}

    def _segment(self, segment: Mapping[str, Any]) -> dict:
        label = self.cat2label.get(segment['category_id'])  # None where not chosen
        return dict(
            id=segment['id'],
            category=label,
            is_thing=label is not None and label < self.num_things_classes,
            is_crowd=bool(segment.get('iscrowd', 0)),
            bbox=segment['bbox'],
        )


def _instance(segment: Mapping[str, Any]) -> dict:
    """Box of a thing, for mmdet's ``LoadAnnotations``; a crowd is to be ignored."""
    x, y, width, height = segment['bbox']
    return dict(
        bbox=[x, y, x + width, y + height],
        bbox_label=segment['category'],
        ignore_flag=int(segment['is_crowd']),
    )
