"""The visualizer of panoptic runs: image, truth and prediction side by side."""

import os.path as osp
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmdet.structures import DetDataSample
from mmengine import fileio
from mmengine.dist import master_only
from mmengine.visualization import MLflowVisBackend, Visualizer

from mmpisr.datasets.image_file import SHOWN, decode_image, read_head, to_8_bits
from mmpisr.registry import VISUALIZERS

from .panoptic_image import draw_panoptic
from .side_by_side import side_by_side


@VISUALIZERS.register_module()
class PanopticVisualizer(Visualizer):
    """Draws the pictures of ``--show`` and ``--show-dir`` in place of mmdet's.

    mmdet's ``DetLocalVisualizer`` draws boxes, classes and the panoptic map of one
    sample over each other, and fails where the truth is a tensor. ``get_image`` gives
    the last prediction over its image, in the image's own size: a frame of a video.

    Attributes:
        dataset_meta: ``classes`` and, if there is one, ``palette``; set before drawing.
    """

    # Upstream's property is for the main process only, and each process draws files.
    dataset_meta: Mapping | None = None  # type: ignore[assignment]

    def __init__(self, name: str = 'visualizer', **options: Any) -> None:
        super().__init__(name, **options)
        self._drawn: dict[Path, str] = {}  # image by file

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: DetDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        pred_score_thr: float = 0.3,
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
            out_file: Where to write the picture. If another image's picture was
                written there, folders of this one's path are put before the name.
            pred_score_thr: Not used: a panoptic map has one class a pixel.
            step: Of the run, for the backends.

        Raises:
            ValueError: ``dataset_meta`` was not set.
        """
        if self.dataset_meta is None:
            raise ValueError(
                'PanopticVisualizer.dataset_meta is None, so the classes are not '
                'known: visualizer.dataset_meta = model.dataset_meta sets them'
            )
        sample = DetDataSample() if data_sample is None else data_sample
        image = picture_of(sample, image)
        panels = ('truth', 'gt_', draw_gt), ('prediction', 'pred_', draw_pred)
        maps: dict[str, Any] = {
            title: sample.get(f'{kind}panoptic_seg').sem_seg[0].cpu().numpy()
            for title, kind, wanted in panels
            if wanted and f'{kind}panoptic_seg' in sample
        }
        overlay = image
        if maps:  # the last is the prediction, if there is one
            last = [*maps.values()][-1]
            overlay = draw_panoptic(image, last, self.dataset_meta, min_width=1)
        self.set_image(overlay)
        if not (show or out_file or self._vis_backends):
            return  # a video's frame: get_image is all that is wanted

        picture = side_by_side(image, maps, self.dataset_meta)
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            path = self._own_file(out_file, sample.get('img_path'))
            mmcv.imwrite(picture[..., ::-1], str(path))
        else:
            self.add_image(name, picture, step)

    def _own_file(self, out_file: str, source: str | None) -> Path:
        """The file; below folders of the image if another image has that file."""
        wanted = Path(out_file)
        if source is None:
            return wanted
        source = osp.abspath(source)
        folders = Path(source).parts[1:-1]
        for depth in range(len(folders) + 1):
            below = folders[len(folders) - depth :]
            path = wanted.parent.joinpath(*below, wanted.name)
            if self._drawn.setdefault(path, source) == source:
                break
        return path


@master_only
def add_picture(
    visualizer: Visualizer, name: str, picture: np.ndarray, step: int
) -> None:
    """Add a picture to every backend of a visualizer.

    MLflow keeps one file a name and takes its format from the name, so that there the
    name gets the step and ``.png``.

    Args:
        visualizer: Of the run.
        name: Each ``/`` becomes ``-``, because the local backend makes no folders.
        picture: RGB uint8, ``(H, W, 3)``.
        step: Of the run.
    """
    name = name.replace('/', '-')
    for backend in visualizer._vis_backends.values():
        if isinstance(backend, MLflowVisBackend):
            backend.add_image(f'{name}_{step}.png', picture)
        else:
            backend.add_image(name, picture, step)


def picture_of(sample: DetDataSample, image: np.ndarray | None = None) -> np.ndarray:
    """Image of a sample for drawing, in the frame of its labels, RGB uint8.

    Args:
        sample: With ``img_path``, and ``frame`` if it was loaded in one.
        image: As mmcv reads it, if it was read. A deep image is too dark there.
    """
    if sample.get('frame') is None and image is not None:
        return image
    content = fileio.get(sample.img_path)
    head = read_head(content)
    image = decode_image(content, head, sample.get('frame') or SHOWN)
    if image.dtype != np.uint8:
        image = to_8_bits(image, float(image.max()) or 1.0).astype(np.uint8)
    return image[..., ::-1]
