"""Load an image in the frame of its labels, with all bits of its channels."""

from typing import Any

import cv2
import mmengine.fileio as fileio
import numpy as np
from mmcv.image.io import imread_flags
from mmcv.transforms import LoadImageFromFile

from mmpisr.registry import TRANSFORMS

from ..image_file import (
    SHOWN,
    STORED,
    UnreadableError,
    decode_image,
    label_frame,
    read_head,
    to_8_bits,
)


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """mmcv's loader, in the frame of the labels and with more than 8 bits.

    ``PanopticDataset`` replaces ``LoadImageFromFile`` by it, so a config names it only
    to give ``max_value``.

    Required keys: ``img_path``. With labels also their ``height`` and ``width``, and
    ``orientation``, their stated frame or None. Without a size the frame is ``shown``,
    or ``stored`` with a ``color_type`` that ignores the orientation.

    Added keys: ``img``, ``(H, W, 3)`` BGR; ``img_shape``; ``ori_shape``; ``frame``,
    ``stored`` or ``shown``, if there is an EXIF orientation or a ``max_value``.

    Args:
        max_value: Becomes 255 in float32; values outside ``[0, max_value]`` are
            clipped. Needed for images of more than 8 bits.
        kwargs: Of ``LoadImageFromFile``; ``imdecode_backend`` is cv2.

    Raises:
        UnreadableError: Naming the file, when it is truncated or too large, has another
            size than its labels, or its frame is not known, or more than 8 bits.
    """

    def __init__(self, max_value: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_value = max_value
        if max_value is not None and not max_value > 0:
            raise ValueError(f'max_value is {max_value}; it must be > 0')
        if self.imdecode_backend not in (None, 'cv2') or self.file_client_args:
            raise ValueError(
                f'LoadImageFromFile has imdecode_backend {self.imdecode_backend!r} and '
                f'file_client_args {self.file_client_args}; PanopticDataset reads '
                "images with 'cv2', and backend_args name other places"
            )

    @property
    def stated_frame(self) -> str | None:
        """``stored`` if the color type ignores the orientation, else None."""
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
        frame = results.get('orientation') or self.stated_frame
        try:
            head = read_head(content)
            if 'height' in results:
                size = results['height'], results['width']
                frame = label_frame(head, size, frame, 'in the json')
            frame, flag = frame or SHOWN, imread_flags[self.color_type]
            image = self.scale(decode_image(content, head, frame, flag))
        except ValueError as reason:
            raise UnreadableError(f'{path}: {reason}') from reason
        image = image.astype(np.float32) if self.to_float32 else image
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        plain = head.tag == 1 and self.max_value is None
        return results | ({} if plain else dict(frame=frame))

    def scale(self, image: np.ndarray) -> np.ndarray:
        """Scale to ``[0, 255]``; ``unchanged`` without ``max_value`` stays as it is."""
        kept = self.color_type == 'unchanged' and self.max_value is None
        return image if kept else to_8_bits(image, self.max_value)


def use_load_image(transforms: Any) -> Any:
    """Replace mmcv's loader in a pipeline, inside wrappers of transforms too."""
    if type(transforms) is LoadImageFromFile:
        return LoadImage(**vars(transforms))  # its arguments
    if isinstance(transforms, list):
        return [use_load_image(transform) for transform in transforms]
    if hasattr(transforms, 'transforms'):
        transforms.transforms = use_load_image(transforms.transforms)
    return transforms
