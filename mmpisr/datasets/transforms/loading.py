"""Load a COCO-panoptic png as a map of segment numbers.

All geometric transforms of mmcv and mmdet work on this one map (key ``gt_seg_map``);
semantic, panoptic and training targets are looked up in it afterwards.
"""

import mmengine.fileio as fileio
import numpy as np
from mmcv.image import imresize
from mmcv.transforms import BaseTransform

from mmpisr.registry import TRANSFORMS

from ..image_file import UnreadableError
from ..segment_png import decode_segment_ids, id_difference, replace_ids, row_runs

FILL = 255  # mmdet's and mmcv's transforms fill a segment map with it


def segment_numbers(results: dict) -> np.ndarray:
    """Read ``gt_seg_map``, ``(H, W)``: 0 = void and i + 1 = the i-th segment.

    The stored map leaves out 255, which is void that a transform filled in. A map that
    is one pixel larger or smaller than the image is resized to it: ``FixScaleResize``
    rounds differently.
    """
    index_map = results['gt_seg_map']
    height, width = results.get('img', index_map).shape[:2]
    off = np.abs(np.subtract(index_map.shape, (height, width))).max()
    if off == 1 and not results.get('is_original_map'):
        index_map = imresize(index_map, (width, height), interpolation='nearest')
    if index_map.max(initial=0) < FILL:
        return index_map
    return np.where(index_map == FILL, 0, index_map - (index_map > FILL))


def match_segment_ids(id_map: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Replace every id by its position in ``ids`` plus one, leaving out 255.

    Args:
        id_map: ``(H, W)`` integers in ``[0, 2**24)``, 0 = void.
        ids: ``(S,)`` distinct integers in ``[1, 2**24)``.

    Returns:
        ``(H, W)`` uint16, 0 = void; :func:`segment_numbers` closes the gap at 255.

    Raises:
        ValueError: The map has ids that ``ids`` lacks, or the reverse.
    """
    starts, lengths = row_runs(id_map)
    found = id_map.ravel()[starts]  # (R,)
    numbers = np.arange(1, len(ids) + 1)
    numbers += numbers >= FILL

    listed = np.append(0, ids)
    order = listed.argsort()
    places = np.searchsorted(listed, found, sorter=order)
    places = order[np.minimum(places, len(ids))]  # (R,), into `listed`
    seen = np.bincount(places, minlength=len(listed))
    if not (listed[places] == found).all() or not seen[1:].all():
        raise ValueError(id_difference({*np.unique(id_map).tolist()}, {*ids.tolist()}))
    table = np.append(0, numbers).astype(np.uint16)
    return np.repeat(table[places], lengths).reshape(id_map.shape)


@TRANSFORMS.register_module()
class LoadPanopticSegments(BaseTransform):
    """Load the segments of an image; does nothing without an annotation.

    After ``Resize`` (in a test pipeline) the map has the original size, and
    ``is_original_map`` is true.

    Required keys: ``seg_map_path``, ``segments_info``, ``height``, ``width``, and
    ``ori_shape`` where the image is loaded already. ``merged_ids``, if
    given, says which ids of the png are replaced first, and by which (0 = void).

    Added keys: ``gt_seg_map``, ``(H, W)`` uint16, see :func:`match_segment_ids`;
    ``is_original_map``; ``segments``, a dict of arrays ``labels`` int64, ``is_thing``
    bool (by class, so true for a crowd of things), ``is_crowd`` bool, each ``(S,)``.

    Args:
        backend_args: Of the file backend.

    Raises:
        ValueError: Naming the png, when it is truncated, has another size than the
            image or the json says, or other ids than the json.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Add the map and the segments' properties."""
        path = results.get('seg_map_path')
        if path is None:
            return results
        merged = results.get('merged_ids', {})
        segments = [s for s in results['segments_info'] if s['id'] not in merged]
        ids = np.array([s['id'] for s in segments], dtype=np.int64)
        try:
            id_map = decode_segment_ids(fileio.get(path, self.backend_args))
            _check_shape(results, id_map.shape)
            loaded = results.get('img_shape', id_map.shape)
            results['is_original_map'] = tuple(loaded[:2]) != id_map.shape
            id_map = replace_ids(id_map, merged)
            results['gt_seg_map'] = match_segment_ids(id_map, ids)
        except ValueError as error:
            raise UnreadableError(f'{path}: {error}') from error

        results['segments'] = dict(
            labels=np.array([s['category'] for s in segments], dtype=np.int64),
            is_thing=np.array([s['is_thing'] for s in segments], dtype=bool),
            is_crowd=np.array([s['is_crowd'] for s in segments], dtype=bool),
        )
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(backend_args={self.backend_args})'


def _check_shape(results: dict, png_shape: tuple[int, ...]) -> None:
    json_shape = (results['height'], results['width'])
    image_shape = tuple(results.get('ori_shape', json_shape)[:2])
    if not png_shape == json_shape == image_shape:
        raise ValueError(
            f'(height, width) of the png is {png_shape}, of the image {image_shape}, '
            f'in the json {json_shape}'
        )
