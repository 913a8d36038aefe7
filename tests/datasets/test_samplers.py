"""Each draw of an image is augmented by its own seed, whoever loads it."""

import pickle
import random
import shutil
from itertools import islice

import numpy as np
import pytest
import torch
from mmengine.dataset import (
    BaseDataset,
    ConcatDataset,
    DefaultSampler,
    InfiniteSampler,
    RepeatDataset,
)
from mmengine.logging import MMLogger
from torch.utils.data import DataLoader

from mmpisr.datasets import PanopticDataset, SeededInfiniteSampler, SeededSampler
from mmpisr.datasets.image_file import UnreadableError
from mmpisr.datasets.samplers import Draw, seeded


def numbers():
    """One random number of each generator."""
    return random.random(), np.random.rand(), torch.rand(()).item()


class Noise(BaseDataset):
    """Six items; each is its index and random numbers."""

    def load_data_list(self):
        return [{} for _ in range(6)]

    def __getitem__(self, index):
        with seeded(index):
            return int(index), numbers()


def draws(sampler, num, dataset, workers=0, skip=0):
    """The first batches of two draws."""
    if skip:
        sampler.skip(skip)
    loader = DataLoader(
        dataset, 2, sampler=sampler, num_workers=workers, collate_fn=list
    )
    return [item for batch in islice(loader, num) for item in batch]


def test_the_order_is_that_of_mmengine():
    data = Noise()
    for ours, theirs in (
        (SeededInfiniteSampler, InfiniteSampler),
        (SeededSampler, DefaultSampler),
    ):
        own, given = ours(data, seed=3), theirs(data, seed=3)
        assert [*islice(own, 20)] == [*islice(given, 20)]


def test_draws_are_the_same_with_any_workers_and_after_a_skip():
    data = Noise()
    once = draws(SeededInfiniteSampler(data, seed=3), 8, data)

    torch.manual_seed(99)  # workers start with other seeds
    assert draws(SeededInfiniteSampler(data, seed=3), 8, data, workers=2) == once
    late = draws(SeededInfiniteSampler(data, seed=3), 3, data, workers=1, skip=10)
    assert late == once[10:16]
    assert len({values for _, values in once}) == 16  # an image differs at each draw
    assert draws(SeededInfiniteSampler(data, seed=4), 8, data) != once


def test_epochs_differ():
    data = Noise()
    sampler = SeededSampler(data, shuffle=False, seed=3)
    first = draws(sampler, 3, data)
    sampler.set_epoch(1)
    second = draws(sampler, 3, data)

    assert [index for index, _ in first] == [index for index, _ in second]
    assert {values for _, values in first}.isdisjoint(values for _, values in second)


def test_wrappers_keep_the_seed():
    data = Noise()
    both = ConcatDataset([data, data])
    repeated = RepeatDataset(data, 2)
    expected = data[Draw(2, (5, 6))]

    assert both[Draw(8, (5, 6))] == expected
    assert repeated[Draw(8, (5, 6))] == expected
    assert pickle.loads(pickle.dumps(Draw(2, (5, 6)))).seed == (5, 6)


def test_the_random_state_outside_stays():
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    expected = numbers(), numbers()
    torch.manual_seed(0), np.random.seed(0), random.seed(0)

    first = numbers()
    with seeded(Draw(1, (2,))):
        numbers()
    assert (first, numbers()) == expected
    with seeded(1):  # a plain index changes nothing
        pass


@pytest.fixture
def spoiled(scenes_root, tmp_path):
    """A data set of which the first image is cut off, and the second is gone."""
    root = tmp_path / 'scenes'
    shutil.copytree(scenes_root, root)
    first, second = sorted((root / 'images/train').glob('*.png'))[:2]
    first.write_bytes(first.read_bytes()[:500])

    def build(**options):
        data = PanopticDataset(
            data_root=str(root),
            ann_file='annotations/panoptic_train.json',
            data_prefix=dict(img='images/train', seg='annotations/panoptic_train'),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='mmpisr.LoadPanopticSegments'),
                dict(type='mmpisr.PackPanopticInputs'),
            ],
            **options,
        )
        second.unlink(missing_ok=True)  # after the check of the files
        return data

    return build


def test_unreadable_images_are_replaced_up_to_a_number(spoiled, capsys):
    MMLogger.get_instance('unreadable')
    data = spoiled(max_unreadable=20)

    for draw in Draw(0, (1,)), Draw(1, (1,)):
        path = data[draw]['data_samples'].img_path
        assert path not in {data.get_data_info(i)['img_path'] for i in (0, 1)}
    assert data.num_unreadable >= 2
    data.max_unreadable = data.num_unreadable
    with pytest.raises(UnreadableError, match='not a complete image'):
        data[0]


@pytest.mark.parametrize('options', [{}, dict(test_mode=True, max_unreadable=5)])
def test_unreadable_images_stop_by_default_and_in_tests(spoiled, options):
    data = spoiled(**options)
    with pytest.raises(ValueError, match=r'0+\.png: not a complete image'):
        data[0]
    with pytest.raises(FileNotFoundError):
        data[1]
