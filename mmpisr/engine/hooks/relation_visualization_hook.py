"""Draw what the relation does for some validation images (Figs. 4 and 5)."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from mmdet.structures import DetDataSample
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpisr.engine.layer_fit import bare_model
from mmpisr.output_names import distinct_names
from mmpisr.registry import HOOKS
from mmpisr.visualization import add_picture
from mmpisr.visualization.examined_image import ExaminedImage
from mmpisr.visualization.relation_figures import center_figure, class_figure


@HOOKS.register_module()
class RelationVisualizationHook(Hook):
    """Draw chosen validation images for every backend of the visualizer.

    After each validation there are the pictures ``classes_<image>``, the probability of
    classes before and after the relation (Fig. 4), and, if the model predicts centres,
    ``centers_<image>``, heatmaps of a class and of centres over each other (Fig. 5). A
    chosen image is predicted once more for them.

    Args:
        images: Positions in the validation set, or ends of paths (``cam1/f0.png``).
        classes: Classes of Fig. 4, and the first one is that of Fig. 5; None: see
            ``class_figure`` and ``center_figure``.

    Raises:
        ValueError: Before training or validation, if an image is not in the validation
            set or is not the only one of its name.
    """

    priority = 'LOW'  # after ReweightingScoresHook, which counts calls of the relation

    def __init__(
        self,
        *,
        images: Sequence[int | str] = (0,),
        classes: Sequence[str] | None = None,
    ) -> None:
        self.images = images
        self.classes = classes
        self._names: Mapping[str, str] = {}
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
        model, meta = bare_model(runner.model), runner.val_dataloader.dataset.metainfo
        for index, sample in enumerate(outputs or []):
            if name := self._names.get(sample.img_path):
                batch = {key: data_batch[key][index : index + 1] for key in data_batch}
                shown = ExaminedImage(model, batch, meta)
                self._pictures[f'classes_{name}'] = class_figure(shown, self.classes)
                if hasattr(model, 'forward_maps'):
                    first = self.classes[0] if self.classes else None
                    picture = center_figure({'model': shown}, first)
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
    """The one path at a position, or with this end."""
    if isinstance(image, int):
        found = [*paths[image : image + 1]] if image >= 0 else []
    else:
        end = PurePath(image).parts
        found = [path for path in paths if PurePath(path).parts[-len(end) :] == end]
    if len(found) != 1:
        raise ValueError(
            f'RelationVisualizationHook.images has {image!r}, which is {len(found)} of '
            f'the {len(paths)} validation images: give a position below {len(paths)}, '
            f'or the unique end of a path, such as {PurePath(paths[0]).name!r}'
        )
    return found[0]
