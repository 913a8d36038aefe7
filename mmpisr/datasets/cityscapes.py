"""Cityscapes panoptic, as cityscapesScripts writes it."""

from typing import Any

from mmpisr.registry import DATASETS

from .cityscapes_labels import METAINFO, has_train_ids, things_first
from .panoptic import PanopticDataset


@DATASETS.register_module()
class CityscapesPanopticDataset(PanopticDataset):
    """Cityscapes with the official json, ``gtFine/cityscapes_panoptic_{split}.json``.

    Category ids may be label ids or train ids (the ``_trainId`` json); their order in
    the json is free. Labels here are always 8 things, then 11 stuff classes, each in
    the order of label ids. Image ids are strings, ``aachen_000000_000019``, and the
    image is ``aachen/aachen_000000_000019_leftImg8bit.png`` in the folder of images:
    the json's own ``images[].file_name`` names no file of the data set.

    ``metainfo`` also has ``label_ids`` (official id of each class) and
    ``instance_areas`` (mean pixels of an instance of each thing, for iIoU).

    Raises:
        ValueError: As ``PanopticDataset``, and where the categories are not those of
            Cityscapes; names the class, its id and what was expected.
    """

    MAKER = 'python tools/dataset_converters/cityscapes.py', 'data/cityscapes'
    METAINFO = METAINFO

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Translate one image; its file name follows from its id."""
        image = raw_data_info['image']
        image = dict(image, file_name=image_file_name(str(image['id'])))
        return super().parse_data_info(dict(raw_data_info, image=image))

    def _read_json(self) -> dict[str, Any]:
        content = super()._read_json()
        has_train_ids(self.ann_file, content['categories'])
        return dict(content, categories=things_first(content['categories']))


def image_file_name(image_id: str) -> str:
    """Path of an image below its split: ``{city}/{image_id}_leftImg8bit.png``.

    Raises:
        ValueError: The id is not of the form ``{city}_{sequence}_{frame}``.
    """
    parts = image_id.rsplit('_', 2)
    if len(parts) < 3:
        raise ValueError(
            f'image id {image_id!r} is not of the form city_sequence_frame, as '
            "'aachen_000000_000019'"
        )
    return f'{parts[0]}/{image_id}_leftImg8bit.png'
