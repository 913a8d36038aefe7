"""Draw what the relation does for some validation images (Figs. 4 and 5)."""

import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.structures import DetDataSample
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpisr.engine.layer_fit import bare_model
from mmpisr.engine.relation_pictures import Predicted, center_picture, class_picture
from mmpisr.output_names import distinct_names
from mmpisr.registry import HOOKS
from mmpisr.visualization import add_picture


@HOOKS.register_module()
class RelationVisualizationHook(Hook):
    """Draw chosen validation images for every backend of the visualizer.

    After each validation there are the pictures ``classes_<image>``, the probability of
    classes before and after the relation (Fig. 4), and, if the model predicts centres,
    ``centers_<image>``, heatmaps of a class and of centres over each other (Fig. 5).
    ``/`` in the name of an image becomes ``-``. A chosen image is predicted twice more.

    Args:
        images: Positions in the validation set, or file names.
        classes: Classes of Fig. 4, and the first one is that of Fig. 5; None: see
            ``class_picture`` and ``center_picture``.

    Raises:
        ValueError: Before training, if an image is not in the validation set.
    """

    def __init__(
        self,
        *,
        images: Sequence[int | str] = (0,),
        classes: Sequence[str] | None = None,
    ) -> None:
        self.images = images
        self.classes = classes
        self._names: dict[str, str] = {}
        self._pictures: dict[str, np.ndarray] = {}

    def before_train(self, runner: Runner) -> None:
        """Find the images."""
        if runner.val_loop is not None:
            dataset = runner.val_dataloader.dataset
            infos = (dataset.get_data_info(i) for i in range(len(dataset)))
            paths = [info['img_path'] for info in infos]
            self._names = distinct_names(_find(image, paths) for image in self.images)

    before_val = before_train

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[DetDataSample] | None = None,
    ) -> None:
        """Draw the chosen images of a batch."""
        meta: Mapping = runner.val_dataloader.dataset.metainfo
        for index, sample in enumerate(outputs or []):
            if sample.img_path not in self._names:
                continue
            name = self._names[sample.img_path]
            batch = {
                key: values[index : index + 1] for key, values in data_batch.items()
            }
            model = bare_model(runner.model)
            predicted = Predicted(model, batch, sample)
            picture = class_picture(predicted, meta, self.classes)
            self._pictures[f'classes_{name}'] = picture
            if hasattr(model, 'forward_maps'):
                first = self.classes[0] if self.classes else None
                picture = center_picture({'model': predicted}, meta, first)
                self._pictures[f'centers_{name}'] = picture

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Add the pictures of all processes."""
        for pictures in all_gather_object(self._pictures):
            for name, picture in pictures.items():
                add_picture(runner.visualizer, name, picture, runner.iter)
        self._pictures = {}


def _find(image: int | str, paths: Sequence[str]) -> str:
    """The path of an image, by position or by the end of its path."""
    if isinstance(image, int) and image < len(paths):
        return paths[image]
    found = [p for p in paths if isinstance(image, str) and p.endswith(osp.sep + image)]
    if len(found) != 1:
        raise ValueError(
            f'RelationVisualizationHook.images has {image!r}, which is {len(found)} of '
            f'the {len(paths)} validation images: give a position below {len(paths)}, '
            f'or a path as far as it is unique, such as {osp.basename(paths[0])!r}'
        )
    return found[0]
