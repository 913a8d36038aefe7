"""Draw a test set (``--show``, ``--show-dir``) with one file per image."""

import os.path as osp
from collections.abc import Mapping, Sequence

import mmcv
from mmdet.engine.hooks import DetVisualizationHook
from mmdet.structures import DetDataSample
from mmengine.fileio import get
from mmengine.runner import Runner

from mmpisr.output_names import distinct_names
from mmpisr.registry import HOOKS


@HOOKS.register_module()
class PanopticVisualizationHook(DetVisualizationHook):
    """mmdet's hook, for test sets with images in several folders.

    When testing, ``distinct_names`` names the pictures; mmdet's hook would write
    ``cam1/f0.jpg`` and ``cam2/f0.jpg`` to one file.
    """

    test_out_dir: str | None

    def before_test(self, runner: Runner) -> None:
        """Name the pictures of all images, including those of other processes."""
        if not self.draw:
            return
        dataset = runner.test_dataloader.dataset
        images = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
        self._names: Mapping[str, str] = distinct_names(images, keep_suffix=True)
        if self.test_out_dir is not None:
            self.test_out_dir = osp.join(
                runner.work_dir, runner.timestamp, self.test_out_dir
            )

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: Sequence[DetDataSample],
    ) -> None:
        """Draw the images of a batch."""
        if not self.draw:
            return
        for sample in outputs:
            self._test_index += 1
            content = get(sample.img_path, backend_args=self.backend_args)
            name, out_file = self._names[sample.img_path], None
            if self.test_out_dir is not None:
                out_file = osp.join(self.test_out_dir, name)
            self._visualizer.add_datasample(
                name if self.show else 'test_img',
                mmcv.imfrombytes(content, channel_order='rgb'),
                data_sample=sample,
                show=self.show,
                wait_time=self.wait_time,
                pred_score_thr=self.score_thr,
                out_file=out_file,
                step=self._test_index,
            )
