"""Refuse, before the first iteration, what would train or score something else."""

from collections import Counter

from mmdet.datasets.samplers import MultiSourceSampler
from mmengine.dataset import (
    ClassBalancedDataset,
    ConcatDataset,
    InfiniteSampler,
    RepeatDataset,
)
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmpisr.datasets.pipeline_checks import check_pipelines
from mmpisr.engine.checkpoint import check_loadable
from mmpisr.registry import HOOKS


@HOOKS.register_module()
class PaddingCheckHook(Hook):
    """Check pipelines, samplers and datasets before training and testing.

    Refused are pipelines that pad or part an image from its segments, epochs that never
    end, classes that a checkpoint could not hold, and test data that is repeated or
    joined. ``tools/train.py`` and ``tools/test.py`` add the hook where a config lacks
    it.
    """

    def before_train(self, runner: Runner) -> None:
        """Check all pipelines of the config, and how often the data is shown."""
        check_pipelines(runner.cfg)
        _check_epochs(runner)
        metainfo = getattr(runner.train_dataloader.dataset, 'metainfo', {})
        if isinstance(metainfo, dict):
            check_loadable('train_dataloader.dataset.metainfo', metainfo)
        if runner.val_loop is not None:
            _check_scored('val', runner.val_dataloader)

    def before_val(self, runner: Runner) -> None:
        """Check that each image is scored once; a training has done so before."""
        if not isinstance(getattr(runner, '_train_loop', None), BaseLoop):
            _check_scored('val', runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Check all pipelines of the config, and that each image is scored once."""
        check_pipelines(runner.cfg)
        _check_scored('test', runner.test_dataloader)


def _check_epochs(runner: Runner) -> None:
    """Refuse to count epochs of a sampler that has no end."""
    loader = runner.train_dataloader
    sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
    endless = isinstance(sampler, InfiniteSampler | MultiSourceSampler)
    if endless and isinstance(runner.train_loop, EpochBasedTrainLoop):
        raise ValueError(
            f'train_cfg.type is {type(runner.train_loop).__name__}, but '
            f'train_dataloader.sampler.type is {type(sampler).__name__}, which has no '
            'end, so that the first epoch never ends; write train_dataloader=dict('
            "sampler=dict(type='DefaultSampler')), or train_cfg=dict(_delete_=True, "
            "type='IterBasedTrainLoop', max_iters=...)"
        )


def _check_scored(split: str, loader: DataLoader) -> None:
    """Refuse wrapped datasets that give an image twice: the metric scores ids once."""
    dataset = loader.dataset
    if not isinstance(dataset, ConcatDataset | RepeatDataset | ClassBalancedDataset):
        return
    ids = Counter(dataset.get_data_info(i)['img_id'] for i in range(len(dataset)))
    (img_id, times), *_ = ids.most_common(1)
    if times > 1:
        raise ValueError(
            f'{split}_dataloader.dataset is a {type(dataset).__name__} of '
            f'{len(dataset)} images with {len(ids)} ids; {img_id!r} is there {times} '
            'times, and would be scored as one image. Score each json alone, or one '
            'that holds all images under ids of their own'
        )
