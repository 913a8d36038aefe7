"""Read results to compare: scores of a metric, or a COCO-panoptic result json."""

import os.path as osp
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET

from mmpisr.datasets.panoptic_json import read_panoptic_json
from mmpisr.datasets.segment_png import replace_ids
from mmpisr.evaluation import PanopticMetric
from mmpisr.evaluation.ground_truth import check_ids, read_segment_ids
from mmpisr.evaluation.score_table import ScoreTable, load_score_table


def read_result(
    path: str | Path,
    *,
    ann_file: str | None = None,
    seg_prefix: str | None = None,
) -> ScoreTable:
    """Read one result.

    Args:
        path: An npz written by ``PanopticMetric(scores_file=...)``, or a COCO-panoptic
            result json with its pngs in the folder of the same name without ``.json``.
        ann_file: Json of the ground truth, needed for a result json.
        seg_prefix: Folder of its pngs; ``ann_file`` without ``.json`` if unset.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is damaged, or a json is given without ``ann_file``.
    """
    if Path(path).suffix != '.json':
        return load_score_table(path)
    if ann_file is None:
        raise ValueError(f'{path}: to score a result json, give --ann-file TRUTH.json')
    return score_result_json(str(path), ann_file=ann_file, seg_prefix=seg_prefix)


def score_result_json(
    path: str, *, ann_file: str, seg_prefix: str | None = None
) -> ScoreTable:
    """Score a COCO-panoptic result json: PQ, and mIoU and iIoU of its classes.

    Raises:
        ValueError: A field is missing, a png and the json disagree, or the truth lacks
            an image or a category.
    """
    content = read_panoptic_json(path)
    if 'annotations' not in content:
        raise ValueError(f"{path}: no field 'annotations', only {[*content]}")
    metric = PanopticMetric(ann_file, seg_prefix=seg_prefix, miou=True, iiou=True)
    categories = read_panoptic_json(ann_file)['categories']
    names = [category['name'] for category in categories]
    metric.dataset_meta = dict(classes=names)
    label_of = {category['id']: label for label, category in enumerate(categories)}
    for annotation in content['annotations']:
        pred = _panoptic_map(path, annotation, label_of)
        sem_seg = dict(sem_seg=torch.from_numpy(pred)[None])
        sample = dict(img_id=annotation['image_id'], pred_panoptic_seg=sem_seg)
        metric.process({}, [sample])
    return metric.score_table(metric.results)


def _panoptic_map(path: str, annotation: Mapping, label_of: Mapping) -> np.ndarray:
    """Read an image's segments in mmdet's encoding, ``(H, W)`` int64; void is N."""
    png = osp.join(osp.splitext(path)[0], annotation['file_name'])
    ids = read_segment_ids(png)
    infos = annotation['segments_info']
    numbers = np.array([info['id'] for info in infos], dtype=np.int64)
    check_ids(png, np.unique(ids), numbers)
    unknown = {info['category_id'] for info in infos} - {*label_of}
    if unknown:
        raise ValueError(
            f'{path}: image {annotation["image_id"]!r} has category ids '
            f'{sorted(unknown)}, but the truth has only {[*label_of]}'
        )
    encoded = {
        info['id']: label_of[info['category_id']] + INSTANCE_OFFSET * number
        for number, info in enumerate(infos, start=1)
    }
    return replace_ids(ids, {0: len(label_of), **encoded}).astype(np.int64)
