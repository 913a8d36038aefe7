"""Draw a test set (``--show``, ``--show-dir``), each image into a file of its own."""

import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.engine.hooks import DetVisualizationHook
from mmdet.structures import DetDataSample
from mmengine.runner import Runner

from mmpisr.output_names import distinct_names
from mmpisr.registry import HOOKS


@HOOKS.register_module()
class PanopticVisualizationHook(DetVisualizationHook):
    """mmdet's hook, for test sets whose images lie in several folders.

    Differs from mmdet's in testing: pictures are named by ``distinct_names`` (there,
    ``cam1/f0.jpg`` and ``cam2/f0.jpg`` are one file), and images are loaded as the test
    pipeline loads them, so that they have the frame of the prediction.
    """

    test_out_dir: str | None

    def before_test(self, runner: Runner) -> None:
        """Name the pictures of all images, those of other processes included."""
        if not self.draw:
            return
        dataset = runner.test_dataloader.dataset
        images = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
        self._names: Mapping[str, str] = distinct_names(images, keep_suffix=True)
        self._load = _loader(dataset)
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
            name, out_file = self._names[sample.img_path], None
            if self.test_out_dir is not None:
                out_file = osp.join(self.test_out_dir, name)
            self._visualizer.add_datasample(
                name if self.show else 'test_img',
                self._load(sample.img_path),
                data_sample=sample,
                show=self.show,
                wait_time=self.wait_time,
                pred_score_thr=self.score_thr,
                out_file=out_file,
                step=self._test_index,
            )


def _loader(dataset: Any) -> Callable[[str], np.ndarray]:
    """Loader of the first transform, RGB uint8, ``(H, W, 3)``."""
    while not hasattr(dataset, 'pipeline'):  # of a concatenated or repeated one
        dataset = (
            dataset.datasets[0] if hasattr(dataset, 'datasets') else dataset.dataset
        )
    transform = dataset.pipeline.transforms[0]

    def load(path: str) -> np.ndarray:
        image = transform(dict(img_path=path))['img'][..., ::-1]
        return image.clip(0, 255).astype(np.uint8)

    return load
