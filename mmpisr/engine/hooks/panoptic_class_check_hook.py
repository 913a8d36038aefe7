"""Refuse a model whose class counts are not those of the data."""

from collections.abc import Iterator, Mapping

from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmpisr.registry import HOOKS

STUFF_FIELD = 'num_stuff_classes'
PANOPTIC_FIELDS = ('num_things_classes', STUFF_FIELD)


def check_class_counts(model: nn.Module, metainfo: Mapping) -> None:
    """Compare every module that counts classes with the classes of a dataset.

    Compared are ``num_things_classes`` and ``num_stuff_classes`` of any module and
    ``num_classes`` of box and mask heads (things). A relation has what its host's heads
    have, which may be fewer: to Panoptic-FPN's semantic head all things are one class.
    No things at all are refused where a module learns them: its heads would be empty.

    Args:
        model: The model, not wrapped.
        metainfo: Has ``thing_classes`` and ``stuff_classes``; without them nothing is
            compared.

    Raises:
        ValueError: Naming the module, the field and both values.
    """
    if not {'thing_classes', 'stuff_classes'} <= set(metainfo):
        return
    things, stuff = len(metainfo['thing_classes']), len(metainfo['stuff_classes'])
    for name, module in model.named_modules():
        for field, expected in _expected_counts(module, things, stuff):
            actual = getattr(module, field)
            if field != STUFF_FIELD and things == 0:
                raise ValueError(
                    f'{name or "model"} ({type(module).__name__}): {field} is '
                    f'{actual}, but the dataset has no thing classes at all ({stuff} '
                    'stuff classes): isthing is 0 in all categories of its json'
                )
            if isinstance(actual, int) and actual != expected:
                raise ValueError(
                    f'{name or "model"} ({type(module).__name__}): {field} is '
                    f'{actual}, but the dataset has {expected} ({things} things, '
                    f'{stuff} stuff classes)'
                )


def _expected_counts(
    module: nn.Module, things: int, stuff: int
) -> Iterator[tuple[str, int]]:
    """Fields of a module that count classes, and what they should be."""
    for field, expected in zip(PANOPTIC_FIELDS, (things, stuff), strict=True):
        if hasattr(module, field):
            yield field, expected
    if isinstance(module, BBoxHead | FCNMaskHead):
        yield 'num_classes', things


@HOOKS.register_module()
class PanopticClassCheckHook(Hook):
    """Run :func:`check_class_counts` before training, validation and testing.

    Training checks the validation data too, rather than after the first epoch.
    """

    def before_train(self, runner: Runner) -> None:
        """Check against the training and the validation data."""
        self._check(runner, runner.train_dataloader)
        if runner.val_loop is not None:
            self._check(runner, runner.val_dataloader)

    def before_val(self, runner: Runner) -> None:
        """Check against the validation data."""
        self._check(runner, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Check against the test data."""
        self._check(runner, runner.test_dataloader)

    def _check(self, runner: Runner, dataloader: DataLoader) -> None:
        wrapped = is_model_wrapper(runner.model)
        model = runner.model.module if wrapped else runner.model
        check_class_counts(model, getattr(dataloader.dataset, 'metainfo', {}))
