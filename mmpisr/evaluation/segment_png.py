"""Read the truth's pngs and refuse what does not fit them."""

import numpy as np
from mmengine.fileio import get

from mmpisr.datasets.segment_png import decode_segment_ids

from .panoptic_quality import VOID


def read_segment_ids(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a png of segment ids, ``R + 256 G + 65536 B``.

    Args:
        path: The file; whatever mmengine's file functions reach.
        backend_args: Storage backend of mmengine's file functions.

    Returns:
        Ids, int32, ``(H, W)``.

    Raises:
        ValueError: The file is missing, truncated or no image.
    """
    try:
        return decode_segment_ids(get(path, backend_args=backend_args))
    except FileNotFoundError as error:
        raise ValueError(f'{path}: this ground-truth png does not exist') from error
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def check_ids(path: str, png_ids: np.ndarray, json_ids: np.ndarray) -> None:
    """Refuse a png and a json that do not list the same segments.

    Raises:
        ValueError: Names the file, and the ids that only one of both has.
    """
    found = png_ids[png_ids != VOID].astype(np.int64)
    if np.array_equal(np.sort(found), np.sort(json_ids)):
        return
    raise ValueError(
        f'{path}: the png has ids {np.setdiff1d(found, json_ids).tolist()} that are '
        f"not in 'segments_info', which has ids "
        f'{np.setdiff1d(json_ids, found).tolist()} that are not in the png'
    )


def check_sizes(path: str, truth: np.ndarray, pred: np.ndarray) -> None:
    """Refuse a prediction that is not as large as its truth, ``(H, W)`` both."""
    if truth.shape != pred.shape:
        raise ValueError(
            f'{path}: the truth has {truth.shape} pixels (height, width), the '
            f'prediction {pred.shape}'
        )
