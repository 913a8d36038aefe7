"""Panoptic quality for OpenMMLab's evaluators, computed in memory.

The matching is vectorised numpy (``measures/panoptic_quality.py``). hotcoco, the engine
of mask AP here, gives the same PQ, but reads only files or one run-length code per
segment: encoding those took 3.5 times as long as the whole matching does.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmpisr.registry import METRICS

from .category_table import CategoryTable, check_classes
from .ground_truth import ImageTruth, truth_of_sample
from .measures.cityscapes_ap import CityscapesAP, official_evaluator
from .measures.iou import InstanceWeightedIoU, MeanIoU
from .measures.mask_ap import CocoMaskAP
from .measures.measure import AdditiveMeasure, Measure
from .measures.panoptic_quality import PanopticQuality
from .measures.relation_accuracy import RelationAccuracy, measured_relations
from .panoptic_annotations import PanopticAnnotations
from .panoptic_results import PanopticResultWriter
from .predicted_image import PredictedImage
from .resampling import bootstrap_intervals, interval_table
from .score_table import ScoreTable
from .scored_image import ScoredImage

RESAMPLES = 1000  # of confidence intervals
MASK_APS = {False: None, True: 'coco', 'coco': 'coco', 'cityscapes': 'cityscapes'}


@METRICS.register_module()
class PanopticMetric(BaseMetric):
    """PQ, SQ, RQ; on demand mIoU, iIoU, mask AP and relation accuracy, in one pass.

    Takes the place of mmdet's ``CocoPanopticMetric``: same arguments, result keys and
    numbers. Each image is reduced to small arrays, which are gathered across ranks in
    the order of the dataset and without the images that a sampler has repeated. Nothing
    is written unless a file is named.

    Differs from mmdet's: names of truth pngs come from the json, not from the image; a
    png and a json that disagree are an error; a group of categories without segments
    gives NaN; data samples are not changed.

    Args:
        ann_file: COCO-panoptic json. Without it the truth is each sample's
            ``seg_map_path`` and ``segments_info``, as mmdet's dataset makes them. Where
            the dataset chooses or merges classes (``PanopticDataset(classes=...)``),
            the truth is read in these classes.
        seg_prefix: Folder of the truth's pngs; ``ann_file`` without ``.json`` if unset.
            It and ``ann_file`` may be inside a zip file.
        classwise: Also print a table with a row per class.
        format_only: Only write results, for a submission. Needs ``outfile_prefix``.
        outfile_prefix: Also write ``{outfile_prefix}.panoptic.json`` and the pngs in
            ``{outfile_prefix}.panoptic/``.
        nproc: Accepted for mmdet's configs and not used: no processes are started.
        file_client_args: Refused, as mmdet does; use ``backend_args``.
        backend_args: Storage backend of mmengine's file functions, for the truth.
        miou: Also report ``mIoU`` of ``pred_sem_seg`` (of the classes of the panoptic
            map where a sample has none). A crowd counts as its class; void is left out.
        mask_ap: Also report the AP of ``pred_instances`` (of the thing segments of the
            panoptic map where a sample has none) against the true things. ``True`` or
            ``'coco'``: ``AP``, ``AP50``, ``AP75``, ``AP_s``, ``AP_m``, ``AP_l``.
            ``'cityscapes'``: ``AP`` and ``AP50`` as cityscapesscripts defines them.
        collect_device: ``'cpu'`` or ``'gpu'``, where ranks exchange results.
        prefix: Put before the result keys; ``'coco_panoptic'`` if unset.
        iiou: Also report ``iIoU`` of the same prediction as ``mIoU``. The average size
            of a class's instances is the dataset's ``metainfo['instance_areas']``
            (pixels by name); without it, that of the evaluated truth.
        ci: Also report 95 % confidence intervals of all but mask AP:
            ``{key}_ci_low`` and ``{key}_ci_high``, by bootstrap over images.
        scores_file: Also write the statistics of each image, for
            ``tools/analysis_tools/compare_results.py``. npz; replaced at each
            evaluation.
        relation_accuracy: Also ``RelationAccuracy``; ``'auto'``: if data has relations.

    Raises:
        ValueError: ``format_only`` without ``outfile_prefix``, an unknown ``mask_ap``
            or ``relation_accuracy``; in use, data that is missing or contradicts
            itself, or ``relation_accuracy=True`` for a dataset without relations.
        ImportError: ``mask_ap='cityscapes'`` without cityscapesscripts.
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
        mask_ap: bool | str = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        iiou: bool = False,
        ci: bool = False,
        scores_file: str | None = None,
        relation_accuracy: bool | str = False,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if format_only and outfile_prefix is None:
            raise ValueError('format_only=True needs outfile_prefix, which is None')
        if file_client_args is not None:
            raise RuntimeError('`file_client_args` is deprecated: use `backend_args`')
        for field, value, known in (
            ('mask_ap', mask_ap, [*MASK_APS]),
            ('relation_accuracy', relation_accuracy, [False, True, 'auto']),
        ):
            if value not in known:
                raise ValueError(f'{field}={value!r}, expected one of {known}')
        if mask_ap == 'cityscapes':
            official_evaluator()
        self.classwise = classwise
        self.format_only = format_only
        self._writer: PanopticResultWriter | None = None
        if outfile_prefix is not None:
            self._writer = PanopticResultWriter(outfile_prefix)
        self.backend_args = backend_args
        self.miou = miou
        self.mask_ap = MASK_APS[mask_ap]
        self.iiou = iiou
        self.ci = ci
        self.scores_file = scores_file
        self.relation_accuracy = relation_accuracy
        self._annotations: PanopticAnnotations | None = None
        if ann_file:
            self._annotations = PanopticAnnotations(
                ann_file, seg_prefix=seg_prefix, backend_args=backend_args
            )
            if not (format_only or self._annotations.file_names):
                raise ValueError(
                    f"{ann_file}: 'annotations' is empty or absent, so nothing can be "
                    'scored: give tools/test.py --out, --show-dir or --submission, '
                    'or the metric format_only=True and outfile_prefix'
                )

    @cached_property
    def table(self) -> CategoryTable:
        """The categories that results have a row for.

        Raises:
            ValueError: The json has other classes than the dataset.
        """
        meta, annotations = self.dataset_meta, self._annotations
        if annotations is None:
            return CategoryTable(meta)
        if meta.get('class_members'):
            annotations.choose_classes(meta['class_members'])
        check_classes(annotations.ann_file, annotations.categories, meta)
        return CategoryTable(meta, annotations.categories, source=annotations.ann_file)

    @cached_property
    def measures(self) -> list[Measure]:
        """The measures that were chosen."""
        table, things = self.table, self.table.is_thing
        measures: list[Measure] = [PanopticQuality(table, classwise=self.classwise)]
        if self.miou:
            measures.append(MeanIoU(len(table)))
        if self.iiou:
            measures.append(InstanceWeightedIoU(table, self._areas))
        if self.mask_ap == 'coco':
            measures.append(CocoMaskAP(things))
        if self.mask_ap == 'cityscapes':
            measures.append(CityscapesAP(table))
        if self._relations:
            measures.append(RelationAccuracy(table, self._relations))
        return measures

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Reduce every predicted image to its records."""
        for sample in data_samples:
            result: dict[str, Any] = dict(img_id=sample.get('img_id'))
            if not self.format_only:
                image = ScoredImage(sample, self._truth(sample), self.table)
                result |= {m.name: m.of_image(image) for m in self.measures}
            if self._writer is not None:
                result['entry'] = self._write(self._writer, sample)
            self.results.append(result)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Sum up the records of all images and report."""
        if self._writer is not None:
            path = self._writer.finish([result['entry'] for result in results])
            MMLogger.get_current_instance().info(f'Panoptic results are in {path}')
        if self.format_only:
            return {}

        metrics: dict[str, float] = {}
        for measure in self.measures:
            metrics |= measure.summarise([result[measure.name] for result in results])
        if self.scores_file is not None:
            self.score_table(results).save(self.scores_file)
        if self.ci:
            metrics |= self._intervals(results, metrics)
        return metrics

    def score_table(self, results: Sequence[Mapping]) -> ScoreTable:
        """Stack the records of the additive measures."""
        rows = zip(self.table.names, self.table.is_thing, strict=True)
        records = {
            m.name: np.array([result[m.name] for result in results]).reshape(
                -1, *m.shape
            )
            for m in self.measures
            if isinstance(m, AdditiveMeasure)
        }
        return ScoreTable(
            image_ids=[result['img_id'] for result in results],
            categories=[dict(name=name, isthing=int(thing)) for name, thing in rows],
            instance_areas=self._areas,
            records=records,
            relations=self._relations,
        )

    def _intervals(
        self, results: Sequence[Mapping], metrics: Mapping[str, float]
    ) -> dict[str, float]:
        """Log the confidence intervals, and return them by result key."""
        scores = self.score_table(results)
        found = bootstrap_intervals(
            scores.measures(), scores.records, resamples=RESAMPLES
        )
        MMLogger.get_current_instance().info(
            f'95 % confidence intervals (bootstrap over {len(results)} images, '
            f'{RESAMPLES} resamples):\n{interval_table(metrics, found)}'
        )
        return {
            f'{key}_ci_{end}': value
            for key, interval in found.items()
            for end, value in interval._asdict().items()
        }

    @property
    def _areas(self) -> Mapping[str, float] | None:
        return self.dataset_meta.get('instance_areas')

    @property
    def _relations(self) -> list[Mapping[str, str]]:
        return measured_relations(self.dataset_meta, self.relation_accuracy)

    def _truth(self, sample: Mapping) -> ImageTruth:
        table, chosen = self.table, 'class_members' in self.dataset_meta
        if self._annotations is not None:
            return self._annotations.truth(sample['img_id'])
        return truth_of_sample(sample, table.is_thing, self.backend_args, chosen=chosen)

    def _write(self, writer: PanopticResultWriter, sample: Mapping) -> dict:
        """Write one image's png, named as the png of its truth if there is one."""
        img_id, name = sample['img_id'], None
        if self._annotations is not None:
            name = self._annotations.result_name(img_id)
        return writer.write(
            PredictedImage(sample, self.table),
            img_id=img_id,
            file_name=name or f'{Path(sample["img_path"]).stem}.png',
        )
