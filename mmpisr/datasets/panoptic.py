"""Any dataset in COCO-panoptic format, checked before training starts."""

import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mmdet.datasets.base_det_dataset import BaseDetDataset

from mmpisr.registry import DATASETS

from .file_check import check_files_exist
from .panoptic_json import (
    categories_metainfo,
    check_annotations,
    check_categories,
    check_images,
    check_metainfo,
    read_panoptic_json,
)
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
    names from its ``annotations[].file_name``, images without things are kept, and a
    file that would fail or mislead later is refused here.

    Folders and the json that are not there are looked for in zip files beside them
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
        return_classes: Add class names to every item, for open-vocabulary models.

    Raises:
        FileNotFoundError: The json, an image or a png is not there.
        ValueError: Things are not first, ids are doubled or unknown, images and
            annotations do not pair, a field is missing, or given class names differ.
    """

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
        return_classes: bool = False,
    ) -> None:
        unknown = set(filter_cfg or ()).difference(FILTERS)
        if unknown:
            raise ValueError(f'filter_cfg has {sorted(unknown)}, known are {FILTERS}')
        self.num_things_classes = self.num_classes = 0
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
            return_classes=return_classes,
        )

    @property
    def metainfo(self) -> dict:
        """Class names (things first), palette, and what was given.

        Of a lazy dataset whose json is not there, what was given: where a trained model
        predicts, its data need not be.
        """
        if not self._fully_initialized and not self._knows_classes():
            with suppress(FileNotFoundError):
                self._read_classes(self._read_json())
        return super().metainfo

    def load_data_list(self) -> list[dict]:
        """Read and check the json; one item per image, in the json's order."""
        self._find_in_zips()
        content = self._read_json()
        self._read_classes(content)
        annotations = self._read_annotations(content)

        items = [
            self.parse_data_info(dict(image=image, annotation=annotations[image['id']]))
            if annotations
            else self.parse_data_info(dict(image=image, annotation=None))
            for image in content['images']
        ]
        self._check_files(items)
        return items

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Translate one image and its annotation (or None) to mmdet's keys."""
        image, annotation = raw_data_info['image'], raw_data_info['annotation']
        item = dict(
            img_path=osp.join(self.data_prefix['img'], image['file_name']),
            img_id=image['id'],
            height=image['height'],
            width=image['width'],
            seg_map_path=None,
            segments_info=[],
            instances=[],
        )
        if self.return_classes:
            item.update(
                text=self._metainfo['thing_classes'],
                stuff_text=self._metainfo['stuff_classes'],
                custom_entities=True,
            )
        if annotation is not None:
            if 'seg' in self.data_prefix:
                png = osp.join(self.data_prefix['seg'], annotation['file_name'])
                item['seg_map_path'] = png
            segments = [self._segment(s) for s in annotation['segments_info']]
            item['segments_info'] = segments
            item['instances'] = [_instance(s) for s in segments if s['is_thing']]
        return item

    def get_data_info(self, idx: int) -> dict:
        """One item, with the class counts that transforms need."""
        item = super().get_data_info(idx)
        item['num_things_classes'] = self.num_things_classes
        item['num_classes'] = self.num_classes
        return item

    def filter_data(self) -> list[dict]:
        """Apply ``filter_cfg``; nothing is dropped unless it says so."""
        if self.test_mode or not self.filter_cfg:
            return self.data_list
        min_size = self.filter_cfg.get('min_size', 0)
        drop_empty = self.filter_cfg.get('filter_empty_gt', False)
        return [
            item
            for item in self.data_list
            if min(item['height'], item['width']) >= min_size
            and (item['segments_info'] or not drop_empty)
        ]

    def _join_prefix(self) -> None:
        """Put ``data_root`` before relative paths; a ``zip://`` path is not one."""
        given = {k: v for k, v in self.data_prefix.items() if is_zip_path(v)}
        ann_file = self.ann_file
        super()._join_prefix()
        self.data_prefix.update(given)
        self.ann_file = ann_file if is_zip_path(ann_file) else self.ann_file

    def _find_in_zips(self) -> None:
        """Point folders that are not there to zip files, unless a backend is given."""
        if not (self.backend_args or {}).get('backend'):
            folders = self.data_prefix.items()
            self.data_prefix = {k: resolve_folder(folder) for k, folder in folders}

    def _read_json(self) -> dict:
        if not (self.backend_args or {}).get('backend'):
            self.ann_file = resolve_file(self.ann_file)
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
            categories = content['categories']
            check_categories(self.ann_file, categories)
            read = categories_metainfo(categories)
            check_metainfo(self.ann_file, self._metainfo, read)
            self._metainfo = {**read, **self._metainfo}
            self.cat_ids = [category['id'] for category in categories]
            self.cat2label = {c: label for label, c in enumerate(self.cat_ids)}
        self.num_classes = len(self._metainfo['classes'])
        self.num_things_classes = len(self._metainfo['thing_classes'])

    def _knows_classes(self) -> bool:
        return {'classes', 'thing_classes', 'stuff_classes'} <= set(self._metainfo)

    def _read_annotations(self, content: dict) -> dict[int, dict]:
        """Annotations by image id; none for a test json."""
        check_images(self.ann_file, content['images'])
        annotations = content.get('annotations', [])
        if not annotations and self.test_mode:
            return {}
        image_ids = [image['id'] for image in content['images']]
        check_annotations(self.ann_file, annotations, image_ids, self.cat_ids)
        return {annotation['image_id']: annotation for annotation in annotations}

    def _segment(self, segment: Mapping[str, Any]) -> dict:
        label = self.cat2label[segment['category_id']]
        return dict(
            id=segment['id'],
            category=label,
            is_thing=label < self.num_things_classes,
            is_crowd=bool(segment.get('iscrowd', 0)),
            bbox=segment['bbox'],
        )

    def _check_files(self, items: list[dict]) -> None:
        pngs = [item['seg_map_path'] for item in items if item['seg_map_path']]
        images = [item['img_path'] for item in items]
        check_files_exist(self.ann_file, 'images[]', images, self.backend_args)
        check_files_exist(self.ann_file, 'annotations[]', pngs, self.backend_args)


def _instance(segment: Mapping[str, Any]) -> dict:
    """Box of a thing, for mmdet's ``LoadAnnotations``; a crowd is to be ignored."""
    x, y, width, height = segment['bbox']
    return dict(
        bbox=[x, y, x + width, y + height],
        bbox_label=segment['category'],
        ignore_flag=int(segment['is_crowd']),
    )
