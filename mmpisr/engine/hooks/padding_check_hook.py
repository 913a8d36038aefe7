"""Refuse pipelines that pad before packing."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmpisr.families.agreement import check_padding
from mmpisr.registry import HOOKS


@HOOKS.register_module()
class PaddingCheckHook(Hook):
    """Run :func:`check_padding` on the runner's config before training and testing."""

    def before_train(self, runner: Runner) -> None:
        """Check all pipelines of the config."""
        check_padding(runner.cfg)

    def before_test(self, runner: Runner) -> None:
        """Check all pipelines of the config."""
        check_padding(runner.cfg)
