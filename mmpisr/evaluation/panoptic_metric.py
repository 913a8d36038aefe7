"""Panoptic quality for OpenMMLab's evaluators, computed in memory.

The matching is vectorised numpy (``panoptic_quality.py``). hotcoco, the engine of mask
AP here, gives the same PQ, but reads only files or one run-length code per segment:
encoding those took 3.5 times as long as the whole matching does.
"""

import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmpisr.registry import METRICS

from .category_table import CategoryTable
from .ground_truth import AnnotatedTruth, ImageTruth, truth_of_sample
from .mask_ap import encode_masks, encode_segments, mask_average_precision
from .mean_iou import image_class_areas, mean_iou
from .overlaps import Overlaps, count_overlaps, count_pixels
from .panoptic_annotations import PanopticAnnotations
from .panoptic_quality import image_pq_statistics
from .panoptic_report import report_panoptic_quality
from .panoptic_results import PanopticResultWriter
from .segment_png import check_ids, check_sizes


@METRICS.register_module()
class PanopticMetric(BaseMetric):
    """PQ, SQ and RQ; on demand mIoU and the mask AP of things.

    Takes the place of mmdet's ``CocoPanopticMetric``: same arguments, result keys and
    numbers. Each image leaves one ``(C, 4)`` array to be gathered across ranks, and
    nothing is written unless ``outfile_prefix`` is given.

    Differs from mmdet's: names of truth pngs come from the json, not from the image; a
    png and a json that disagree are an error; a group of categories without segments
    gives NaN; data samples are not changed.

    Args:
        ann_file: COCO-panoptic json. Without it the truth is each sample's
            ``seg_map_path`` and ``segments_info``, as mmdet's dataset makes them.
        seg_prefix: Folder of the truth's pngs; ``ann_file`` without ``.json`` if unset.
        classwise: Also print a table with a row per class.
        format_only: Only write results, for a submission. Needs ``outfile_prefix``.
        outfile_prefix: Also write ``{outfile_prefix}.panoptic.json`` and the pngs in
            ``{outfile_prefix}.panoptic/``.
        nproc: Accepted for mmdet's configs and not used: no processes are started.
        file_client_args: Refused, as mmdet does; use ``backend_args``.
        backend_args: Storage backend of mmengine's file functions, for the truth.
        miou: Also report ``mIoU`` of ``pred_sem_seg`` (of the classes of the panoptic
            map where a sample has none). Void and crowd pixels are left out.
        mask_ap: Also report ``AP``, ``AP50``, ``AP75``, ``AP_s``, ``AP_m``, ``AP_l`` of
            ``pred_instances`` against the thing segments.
        collect_device: ``'cpu'`` or ``'gpu'``, where ranks exchange results.
        prefix: Put before the result keys; ``'coco_panoptic'`` if unset.

    Raises:
        ValueError: ``format_only`` without ``outfile_prefix``; in use, data that is
            missing or contradicts itself.
    """

    default_prefix = 'coco_panoptic'

    def __init__(
        self,
        ann_file: str | None = None,
        *,
        seg_prefix: str | None = None,
        classwise: bool = False,
        format_only: bool = False,
        outfile_prefix: str | None = None,
        nproc: int = 32,
        file_client_args: dict | None = None,
        backend_args: dict | None = None,
        miou: bool = False,
        mask_ap: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if format_only and outfile_prefix is None:
            raise ValueError('format_only=True needs outfile_prefix, which is None')
        if file_client_args is not None:
            raise RuntimeError('`file_client_args` is deprecated: use `backend_args`')
        self.classwise = classwise
        self.format_only = format_only
        self.outfile_prefix = outfile_prefix
        self.backend_args = backend_args
        self.miou = miou
        self.mask_ap = mask_ap
        self._annotations: PanopticAnnotations | None = None
        if ann_file:
            self._annotations = PanopticAnnotations(
                ann_file, seg_prefix=seg_prefix, backend_args=backend_args
            )
            self._find_truth = AnnotatedTruth(
                self._annotations, backend_args=backend_args
            )
        self._table: CategoryTable | None = None

    @property
    def table(self) -> CategoryTable:
        """The categories that results have a row for."""
        if self._table is None:
            listed = self._annotations.categories if self._annotations else None
            self._table = CategoryTable(self.dataset_meta, listed)
        return self._table

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Reduce every predicted image to its statistics."""
        for sample in data_samples:
            result: dict[str, Any] = {}
            if not self.format_only:
                result.update(self._score(sample))
            if self.outfile_prefix is not None:
                result['entry'] = self._write(sample)
            self.results.append(result)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Sum the statistics of all images and report."""
        if self.outfile_prefix is not None:
            path = self._writer().finish([result['entry'] for result in results])
            MMLogger.get_current_instance().info(f'Panoptic results are in {path}')
        if self.format_only:
            return {}

        table = self.table
        stats = _total(results, 'pq', (len(table), 4))
        metrics = report_panoptic_quality(stats, table, classwise=self.classwise)
        if self.miou:
            areas = _total(results, 'areas', (len(table), 3))
            metrics['mIoU'] = 100 * mean_iou(areas)
        if self.mask_ap:
            truths = [result['truths'] for result in results]
            preds = [result['preds'] for result in results]
            metrics |= mask_average_precision(truths, preds, table.is_thing)
        return metrics

    def _score(self, sample: Mapping) -> dict[str, Any]:
        """Compare one image with its truth."""
        truth = self._truth(sample)
        segments, pred = truth.segments, _map_of(sample['pred_panoptic_seg'])
        check_sizes(truth.path, truth.ids, pred)
        overlaps = count_overlaps(truth.ids, pred)
        check_ids(truth.path, overlaps.first, segments.ids)

        rows = self._rows(sample, overlaps.second)
        stats = image_pq_statistics(overlaps, segments, rows, len(self.table))
        result: dict[str, Any] = dict(pq=stats)
        if self.miou:
            result['areas'] = self._class_areas(sample, truth, overlaps)
        if self.mask_ap:
            result['truths'] = encode_segments(truth.ids, segments, self.table.is_thing)
            result['preds'] = self._instances(sample)
        return result

    def _truth(self, sample: Mapping) -> ImageTruth:
        if self._annotations is not None:
            return self._find_truth(sample)
        return truth_of_sample(sample, self.table.is_thing, self.backend_args)

    def _rows(self, sample: Mapping, values: np.ndarray) -> np.ndarray:
        """Category rows of the values of the predicted panoptic map."""
        ignored = sample['pred_panoptic_seg'].get('ignore_index')
        return self.table.rows_of_segments(values, ignored)

    def _class_areas(
        self, sample: Mapping, truth: ImageTruth, panoptic: Overlaps
    ) -> np.ndarray:
        """Areas for mIoU, from the semantic prediction where there is one."""
        if 'pred_sem_seg' in sample:
            semantic = _map_of(sample['pred_sem_seg'])
            check_sizes(truth.path, truth.ids, semantic)
            overlaps = count_overlaps(truth.ids, semantic)
            rows = self.table.rows_of_labels(overlaps.second)
        else:
            overlaps, rows = panoptic, self._rows(sample, panoptic.second)
        classes = truth.classes(overlaps.first)
        return image_class_areas(overlaps, classes, rows, len(self.table))

    def _instances(self, sample: Mapping) -> dict[str, Any]:
        """Predicted instances, run-length coded."""
        instances = sample['pred_instances']
        return dict(
            masks=encode_masks(instances['masks'].cpu().numpy()),
            categories=self.table.rows_of_labels(instances['labels'].cpu().numpy()),
            scores=instances['scores'].cpu().numpy(),
        )

    def _writer(self) -> PanopticResultWriter:
        assert self.outfile_prefix is not None
        return PanopticResultWriter(
            self.outfile_prefix,
            categories=self.table.categories,
            num_classes=self.table.num_classes,
        )

    def _write(self, sample: Mapping) -> dict:
        """Write one image's png, named as its truth where that is known."""
        img_id = sample['img_id']
        if self._annotations is not None and img_id in self._annotations:
            name = self._annotations.file_names[self._annotations.position(img_id)]
        else:
            name = osp.splitext(osp.basename(sample['img_path']))[0] + '.png'
        pred = _map_of(sample['pred_panoptic_seg'])
        rows = self._rows(sample, count_pixels(pred)[0])
        return self._writer().write(pred, rows, img_id=img_id, file_name=name)


def _map_of(pixel_data: Mapping) -> np.ndarray:
    """The map ``(H, W)`` in a prediction's ``sem_seg``, ``(1, H, W)``."""
    return pixel_data['sem_seg'].cpu().numpy()[0]


def _total(results: list[dict], field: str, shape: tuple[int, int]) -> np.ndarray:
    """Sum one array over all images; zeros if there are none."""
    return sum((result[field] for result in results), np.zeros(shape))
