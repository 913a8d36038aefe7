"""Predictions in files: COCO's panoptic result format, and one pickle (``--out``)."""

import json
import os.path as osp
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from mmdet.structures.mask import encode_mask_results
from mmengine.evaluator import DumpResults

from mmpisr.datasets.segment_png import encode_segment_ids
from mmpisr.files import atomic_output, write_atomically
from mmpisr.registry import METRICS

from .predicted_image import PredictedImage

KEPT_PIXELS = ('pred_panoptic_seg', 'pred_sem_seg')


class PanopticResultWriter:
    """Writes ``{prefix}.panoptic/*.png`` and then ``{prefix}.panoptic.json``.

    Args:
        prefix: Path and beginning of the names of both.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._owners: dict[str, Any] = {}

    def write(self, pred: PredictedImage, *, img_id: Any, file_name: str) -> dict:
        """Write one png.

        Args:
            pred: The predicted segments.
            img_id: Id of the image in the dataset's json.
            file_name: Name of the png inside the folder.

        Returns:
            The image's entry in the json.

        Raises:
            ValueError: Another image was written to the same png; names both.
        """
        self._own(file_name, img_id)
        ids, segments = pred.segment_ids
        path = osp.join(f'{self.prefix}.panoptic', file_name)
        write_atomically(path, encode_segment_ids(ids))
        return dict(image_id=img_id, segments_info=segments, file_name=file_name)

    def finish(self, entries: Iterable[dict], **lists: Iterable[dict]) -> str:
        """Write the json of all images, of other processes too, and return its path.

        Args:
            entries: What ``write`` has returned; they are not kept in memory.
            lists: Other lists of the json, such as ``images``.
        """
        path = f'{self.prefix}.panoptic.json'
        with atomic_output(path) as temporary, temporary.open('w') as file:
            file.writelines(json_text(**lists, annotations=self._owned(entries)))
        return path

    def _owned(self, entries: Iterable[dict]) -> Iterator[dict]:
        for entry in entries:
            self._own(entry['file_name'], entry['image_id'])
            yield entry

    def _own(self, file_name: str, img_id: Any) -> None:
        owner = self._owners.setdefault(file_name, img_id)
        if owner != img_id:
            raise ValueError(
                f'{self.prefix}.panoptic/{file_name} would hold the results of two '
                f'images, those with ids {owner!r} and {img_id!r}: give the metric the '
                'ann_file that lists both, for names of its images[].file_name such as '
                "'a/f0.png' and 'b/f0.png'"
            )


def json_text(**lists: Iterable[dict]) -> Iterator[str]:
    """Yield the text of a json of lists in pieces, so that no list is in memory."""
    for number, (name, items) in enumerate(lists.items()):
        yield f'{", " if number else "{"}"{name}": ['
        for position, item in enumerate(items):
            yield (',\n' if position else '\n') + json.dumps(item)
        yield '\n]'
    yield '}\n'


@METRICS.register_module()
class DumpPanopticResults(DumpResults):
    """Dump predictions for offline evaluation, in mmdet's layout but compact.

    Differs from mmdet's ``DumpDetResults``: no truth, no class probabilities (N floats
    a pixel: 80 GB on Cityscapes' val set) and 32-bit panoptic maps. Masks are
    run-length codes, as there.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the fields that are not left out, in small types."""
        super().process(data_batch, [_compact(sample) for sample in data_samples])


def _compact(sample: dict) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in sample.items()
        if not name.startswith(('gt_', 'pred_', 'ignored_'))
    }
    for name in KEPT_PIXELS:
        if name in sample:
            kept[name] = dict(sem_seg=sample[name]['sem_seg'].to(torch.int32))
    if 'pred_instances' in sample:
        instances = kept['pred_instances'] = dict(sample['pred_instances'])
        if 'masks' in instances:
            masks = instances['masks'].detach().cpu().numpy()
            instances['masks'] = encode_mask_results(masks)
    return kept
