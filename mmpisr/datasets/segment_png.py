"""Segment ids as the colours of a png: ``R + 256 G + 65536 B``, 0 = void."""

from collections.abc import Mapping

import cv2
import mmcv
import numpy as np

from .image_file import PNG_END
from .validation.problems import few

COMPACT = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 6),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
)


def decode_segment_ids(png: bytes) -> np.ndarray:
    """Decode a png to segment ids.

    Args:
        png: The file's content.

    Returns:
        Ids, ``(H, W)`` int32, 0 = void.

    Raises:
        ValueError: The png is truncated or no image at all.
    """
    complete = png.rfind(PNG_END) >= 0
    image = mmcv.imfrombytes(png, flag='color', backend='cv2') if complete else None
    if image is None:
        raise ValueError(f'not a complete png ({len(png)} bytes), is it truncated?')
    rgba = cv2.cvtColor(image, cv2.COLOR_BGR2RGBA)
    rgba[..., 3] = 0
    return rgba.view('<i4')[..., 0].astype(np.int32, copy=False)


def encode_segment_ids(ids: np.ndarray, *, compact: bool = False) -> bytes:
    """Encode segment ids as a png; the reverse of ``decode_segment_ids``.

    Args:
        ids: Integers in ``[0, 2**24)``, ``(H, W)``.
        compact: Take two to three times as long for about half of the bytes.

    Returns:
        The file's content.

    Raises:
        ValueError: An id does not fit three bytes.
    """
    if ids.size and not 0 <= ids.min() <= ids.max() < 2**24:
        raise ValueError(
            f'segment ids {ids.min()} to {ids.max()}, but a png holds 0 to {2**24 - 1}'
        )
    rgba = np.ascontiguousarray(ids.astype('<u4')).view(np.uint8)
    bgr = rgba.reshape(*ids.shape, 4)[..., 2::-1]
    settings = COMPACT if compact else ()
    return cv2.imencode('.png', np.ascontiguousarray(bgr), settings)[1].tobytes()


def replace_ids(ids: np.ndarray, replaced: Mapping[int, int]) -> np.ndarray:
    """Replace ids in ``[0, 2**24)`` of a map ``(H, W)``; others stay."""
    if not replaced:
        return ids
    steps = np.zeros(2**24, dtype=np.int32)  # untouched pages cost nothing
    old = np.fromiter(replaced, dtype=np.int64)
    steps[old] = np.fromiter(replaced.values(), dtype=np.int64) - old
    return ids + steps.take(ids)


def id_difference(found: set[int], listed: set[int]) -> str | None:
    """Describe the ids that only the png or only its json has; None if none."""
    only_png, only_json = found - listed - {0}, listed - found
    if not (only_png or only_json):
        return None
    grey = only_png and all(number % 0x010101 == 0 for number in only_png)
    advice = '; is the png grey? Its ids must be colours, R + 256 G + 65536 B'
    return (
        f'the png has ids that the json lacks: {few(only_png)}, the json has ids that '
        f'the png lacks: {few(only_json)}{advice if grey else ""}'
    )


def row_runs(values: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut maps ``(H, W)`` into runs in which none changes, which end with their row.

    Maps of segments have far fewer runs than pixels.

    Returns:
        Flat index of the first pixel of each run, and its length, int64, ``(R,)``.
    """
    changes = np.ones(values.shape, dtype=bool)
    np.not_equal(values[:, 1:], values[:, :-1], out=changes[:, 1:])
    for other in others:
        changes[:, 1:] |= other[:, 1:] != other[:, :-1]
    starts = np.flatnonzero(changes)
    return starts, np.diff(starts, append=values.size)


def segment_extents(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure every segment of a map.

    Args:
        ids: Integers of any kind, ``(H, W)``; every value counts, 0 too.

    Returns:
        Distinct values, sorted, ``(S,)``; their pixels, int64, ``(S,)``; their boxes
        as COCO has them: left, top, width, height in pixels, int64, ``(S, 4)``.
    """
    if ids.size == 0:
        return ids.ravel(), np.zeros(0, np.int64), np.zeros((0, 4), np.int64)
    width = ids.shape[1]
    first, lengths = row_runs(ids)
    last = first + lengths - 1
    values, run_of = np.unique(ids.ravel()[first], return_inverse=True)

    areas = np.zeros(len(values), np.int64)
    np.add.at(areas, run_of, lengths)
    low = np.full((len(values), 2), ids.size)
    high = np.full((len(values), 2), -1)
    np.minimum.at(low, run_of, np.stack([first % width, first // width], axis=1))
    np.maximum.at(high, run_of, np.stack([last % width, last // width], axis=1))
    return values, areas, np.concatenate([low, high - low + 1], axis=1)
