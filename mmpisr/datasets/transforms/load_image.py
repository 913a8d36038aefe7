"""Load an image in the frame of its labels, and refuse what would lose bits."""

from typing import Any

import cv2
import mmengine.fileio as fileio
import numpy as np
from mmcv.image.io import imread_flags
from mmcv.transforms import LoadImageFromFile
from mmdet.structures import DetDataSample

from mmpisr.registry import TRANSFORMS

from ..image_file import (
    SHOWN,
    STORED,
    ImageHead,
    decode_image,
    label_frame,
    read_head,
    to_8_bits,
)


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """mmcv's loader, with the frame of the labels and more than 8 bits.

    ``PanopticDataset`` runs a ``LoadImageFromFile`` as this one, so that a config needs
    it for its ``max_value`` only.

    Required keys: ``img_path``. Where there are labels also their ``height`` and
    ``width``, and ``orientation``, their stated frame or None. Without a size the
    frame is ``shown``, or ``stored`` by a ``color_type`` that ignores the orientation.

    Added keys: ``img``, ``(H, W, 3)`` BGR; ``img_shape``; ``ori_shape``; ``frame``,
    ``stored`` or ``shown``, if there is an EXIF orientation or a ``max_value``.

    Args:
        max_value: What becomes 255 in float32; values outside ``[0, max_value]`` are
            clipped. Needed for images of more than 8 bits.
        kwargs: Of ``LoadImageFromFile``; ``imdecode_backend`` is cv2.

    Raises:
        ValueError: Naming the file, when it is truncated or too large, has another
            size than its labels, or its frame is not known, or more than 8 bits.
    """

    def __init__(self, max_value: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_value = max_value
        self._check()

    @classmethod
    def like(cls, loader: LoadImageFromFile) -> 'LoadImage':
        """Take over the settings of mmcv's loader."""
        ours = cls()
        ours.__dict__.update(loader.__dict__)
        ours._check()
        return ours

    @property
    def stated_frame(self) -> str | None:
        """``stored`` where the color type ignores the orientation."""
        ignores = imread_flags[self.color_type] & cv2.IMREAD_IGNORE_ORIENTATION
        return STORED if ignores else None

    def transform(self, results: dict) -> dict | None:
        """Read one image."""
        path = results['img_path']
        try:
            content = fileio.get(path, backend_args=self.backend_args)
        except Exception:  # each backend has its own
            if self.ignore_empty:
                return None
            raise
        try:
            head = read_head(content)
            frame = self.frame_in(head, results)
            flag = imread_flags[self.color_type]
            image = self.scale(decode_image(content, head, frame, flag))
        except ValueError as reason:
            raise ValueError(f'{path}: {reason}') from reason
        image = image.astype(np.float32) if self.to_float32 else image
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        plain = head.tag == 1 and self.max_value is None
        return results | ({} if plain else dict(frame=frame))

    def frame_in(self, head: ImageHead, labels: dict) -> str:
        """Frame of an image, by the size and the stated frame of its labels."""
        stated = labels.get('orientation') or self.stated_frame
        if 'height' in labels:
            size = labels['height'], labels['width']
            return label_frame(head, size, stated, 'in the json')
        return stated or SHOWN

    def scale(self, image: np.ndarray) -> np.ndarray:
        """Scale to ``[0, 255]``; ``unchanged`` without ``max_value`` stays as it is."""
        kept = self.color_type == 'unchanged' and self.max_value is None
        return image if kept else to_8_bits(image, self.max_value)

    def _check(self) -> None:
        if self.imdecode_backend not in (None, 'cv2') or self.file_client_args:
            raise ValueError(
                f'LoadImageFromFile has imdecode_backend {self.imdecode_backend!r} and '
                f'file_client_args {self.file_client_args}; PanopticDataset reads '
                "images with 'cv2', and backend_args name other places"
            )
        if self.max_value is not None and not self.max_value > 0:
            raise ValueError(f'max_value is {self.max_value}; it must be > 0')


def picture_of(sample: DetDataSample, image: np.ndarray | None = None) -> np.ndarray:
    """Image of a sample for drawing, in the frame of its labels, RGB uint8.

    Args:
        sample: With ``img_path``, and ``frame`` if it was loaded in one.
        image: As mmcv reads it, if it was read. A deep image is too dark there.
    """
    if sample.get('frame') is None and image is not None:
        return image
    content = fileio.get(sample.img_path)
    head = read_head(content)
    image = decode_image(content, head, sample.get('frame') or SHOWN)
    if image.dtype != np.uint8:
        image = to_8_bits(image, float(image.max()) or 1.0).astype(np.uint8)
    return image[..., ::-1]


def use_load_image(transforms: Any) -> Any:
    """Replace mmcv's loader in a pipeline, inside wrappers of transforms too."""
    if type(transforms) is LoadImageFromFile:
        return LoadImage.like(transforms)
    if isinstance(transforms, list):
        return [use_load_image(transform) for transform in transforms]
    if hasattr(transforms, 'transforms'):
        transforms.transforms = use_load_image(transforms.transforms)
    return transforms
