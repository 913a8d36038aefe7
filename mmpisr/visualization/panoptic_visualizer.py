"""The visualizer of panoptic runs: image, truth and prediction side by side."""

from typing import Any

import mmcv
import numpy as np
from mmdet.structures import DetDataSample
from mmengine.dist import master_only
from mmengine.visualization import Visualizer

from mmpisr.registry import VISUALIZERS

from .sample_picture import picture_of
from .side_by_side import side_by_side

SHOWN = (('truth', 'gt_panoptic_seg'), ('prediction', 'pred_panoptic_seg'))


@VISUALIZERS.register_module()
class PanopticVisualizer(Visualizer):
    """Draws what ``--show`` and ``--show-dir`` ask for, in place of mmdet's.

    mmdet's ``DetLocalVisualizer`` draws boxes, classes and the panoptic map of one
    sample over each other, and fails where the truth is a tensor.
    """

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: DetDataSample | None = None,
        *,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        pred_score_thr: float = 0.3,
        out_file: str | None = None,
        step: int = 0,
    ) -> None:
        """Draw a sample; into a window, a file, or else every backend.

        Args:
            name: Of the picture.
            image: RGB uint8, ``(H, W, 3)``.
            data_sample: With ``gt_panoptic_seg``, ``pred_panoptic_seg``, or neither.
            draw_gt: Whether the truth gets a panel.
            draw_pred: Whether the prediction gets a panel.
            show: Whether to open a window.
            wait_time: Seconds for which the window stays.
            pred_score_thr: Not used: a panoptic map has one answer a pixel.
            out_file: Where to write the picture.
            step: Of the run, for the backends.
        """
        wanted = {'truth': draw_gt, 'prediction': draw_pred}
        image = image if data_sample is None else picture_of(data_sample, image)
        maps: dict[str, Any] = {
            title: data_sample.get(field).sem_seg[0].cpu().numpy()
            for title, field in SHOWN
            if wanted[title] and data_sample is not None and field in data_sample
        }
        picture = side_by_side(image, maps, self.dataset_meta)

        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(picture[..., ::-1], out_file)
        else:
            self.add_image(name, picture, step)
