"""Read the picture of a data sample again, to draw over it."""

import mmengine.fileio as fileio
import numpy as np
from mmdet.structures import DetDataSample

from mmpisr.datasets.image_file import SHOWN, decode_image, read_head, to_8_bits


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
