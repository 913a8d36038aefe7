"""What this project adds to a training."""

import json
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpisr.models.relations import BaseRelation
from roads.registry import HOOKS


@HOOKS.register_module()
class Diary(Hook):
    """Count the images seen, and write down what was trained."""

    def before_train(self, runner: Runner) -> None:
        """Start at zero."""
        self.images = 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict,
        outputs: dict | None = None,
    ) -> None:
        """Count a batch."""
        self.images += len(data_batch['inputs'])

    def after_train(self, runner: Runner) -> None:
        """Write ``diary.json`` into the work directory."""
        modules = runner.model.modules()
        (relation,) = (m for m in modules if isinstance(m, BaseRelation))
        diary = dict(
            images=self.images,
            relation=type(relation).__name__,
            num_instances=relation.num_instances,
            lr=runner.optim_wrapper.param_groups[0]['initial_lr'],
        )
        Path(runner.work_dir, 'diary.json').write_text(json.dumps(diary))
