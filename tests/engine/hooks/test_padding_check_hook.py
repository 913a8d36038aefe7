from types import SimpleNamespace

import pytest
from mmdet.datasets.samplers import MultiSourceSampler
from mmengine.config import Config
from mmengine.dataset import ConcatDataset, InfiniteSampler, RepeatDataset
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch.utils.data import BatchSampler, DataLoader, Dataset, SequentialSampler

from mmpisr.engine.hooks import PaddingCheckHook


class Images(Dataset):
    """Images of given ids, as mmengine's datasets give them."""

    metainfo = dict(classes=('car', 'road'))

    def __init__(self, *ids):
        self.ids = ids

    def __len__(self):
        return len(self.ids)

    def get_data_info(self, index):
        return dict(img_id=self.ids[index])

    def full_init(self):
        pass


def make_runner(*steps, loop=IterBasedTrainLoop, sampler=None, dataset=None):
    pipeline = [dict(type='LoadImageFromFile'), *steps]
    cfg = dict(train_dataloader=dict(dataset=dict(type='Any', pipeline=pipeline)))
    loader = DataLoader(dataset or Images(1, 2), sampler=sampler)
    return SimpleNamespace(
        cfg=Config(cfg),
        train_loop=loop.__new__(loop),
        train_dataloader=loader,
        test_dataloader=loader,
        val_dataloader=loader,
        val_loop=None,
    )


def joined(kind, *datasets):
    """Build a wrapper without mmengine's check that datasets are of its own base."""
    if kind is RepeatDataset:
        wrapper = kind.__new__(kind)
        wrapper.dataset, wrapper.times, wrapper._ori_len = datasets[0], 2, 2
    else:
        wrapper = kind.__new__(kind)
        wrapper.datasets = list(datasets)
        wrapper.cumulative_sizes = wrapper.cumsum(datasets)
    wrapper._fully_initialized, wrapper._metainfo = True, Images.metainfo
    return wrapper


@pytest.mark.parametrize('moment', ['before_train', 'before_test'])
@pytest.mark.parametrize('name', ['Pad', 'mmdet.Pad'])
def test_a_pipeline_that_pads_stops_the_run(moment, name):
    runner = make_runner(
        dict(type='RandomApply', transforms=[dict(type=name, size=(8, 8))])
    )

    with pytest.raises(ValueError, match=r'pipeline\[1\]\.transforms\[0\] is a Pad'):
        getattr(PaddingCheckHook(), moment)(runner)


def test_other_pipelines_and_loaders_without_a_dataset_pass():
    runner = make_runner(dict(type='PackDetInputs'))
    runner.cfg.val_dataloader = None

    PaddingCheckHook().before_train(runner)


@pytest.mark.parametrize('kind', [InfiniteSampler, MultiSourceSampler])
@pytest.mark.parametrize('grouped', [False, True])
def test_an_epoch_of_a_sampler_without_end_is_refused(kind, grouped):
    sampler = kind.__new__(kind)
    runner = make_runner(loop=EpochBasedTrainLoop, sampler=sampler)
    if grouped:
        batches = BatchSampler(sampler, 2, drop_last=False)
        runner.train_dataloader = DataLoader(Images(1, 2), batch_sampler=batches)

    with pytest.raises(ValueError, match=rf'EpochBasedTrainLoop.*{kind.__name__}'):
        PaddingCheckHook().before_train(runner)


def test_epochs_of_a_finite_sampler_and_iterations_of_an_endless_one_pass():
    finite = SequentialSampler(Images(1, 2))
    endless = InfiniteSampler.__new__(InfiniteSampler)

    PaddingCheckHook().before_train(
        make_runner(loop=EpochBasedTrainLoop, sampler=finite)
    )
    PaddingCheckHook().before_train(make_runner(sampler=endless))


def test_metainfo_that_no_checkpoint_could_be_resumed_with_is_refused():
    dataset = Images(1)
    dataset.metainfo = dict(classes=('car',), owner=Images(1))

    with pytest.raises(ValueError, match=r"metainfo\['owner'\] holds .*Images"):
        PaddingCheckHook().before_train(make_runner(dataset=dataset))


@pytest.mark.parametrize(
    ('dataset', 'message'),
    [
        (joined(ConcatDataset, Images(1, 2), Images(2, 3)), 'Concat.* of 4 .*; 2 is'),
        (joined(RepeatDataset, Images(1, 2)), 'RepeatDataset of 4 images with 2 ids'),
    ],
)
def test_a_joined_test_set_that_gives_an_image_twice_is_refused(dataset, message):
    runner = make_runner(dataset=dataset)
    runner.val_loop = object()

    for moment in 'before_train', 'before_val', 'before_test':
        with pytest.raises(ValueError, match=message):
            getattr(PaddingCheckHook(), moment)(runner)


def test_a_joined_test_set_of_distinct_images_passes():
    dataset = joined(ConcatDataset, Images(1, 2), Images(3))

    PaddingCheckHook().before_test(make_runner(dataset=dataset))
