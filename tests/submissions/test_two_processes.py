"""Two processes write the bytes that one writes."""

import os
from pathlib import Path

import pytest
import torch.multiprocessing as mp
from tiny_submission import (
    IMAGES,
    begin_submission,
    frames,
    join,
    make_sample,
    predict,
    street,
)

from mmpisr.submissions import RemainingImagesSampler
from mmpisr.submissions.workspace import Workspace


def archives(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob('c*')}


@pytest.fixture
def one(tmp_path) -> dict[str, bytes]:
    """What a single process writes."""
    (tmp_path / 'one').mkdir()
    predict(tmp_path / 'one' / 'c.zip')
    return archives(tmp_path / 'one')


@pytest.mark.slow
def test_two_processes_give_the_files_of_one(one, tmp_path):
    (tmp_path / 'two').mkdir()

    mp.spawn(join, (tmp_path / 'two', 2, None), nprocs=2)

    assert {*one} == {'c.zip', 'c-pixel.zip', 'c-instance.zip', 'c.images.json'}
    assert archives(tmp_path / 'two') == one


@pytest.mark.slow
def test_one_process_finishes_what_two_began(one, tmp_path):
    (tmp_path / 'two').mkdir()
    mp.spawn(join, (tmp_path / 'two', 2, 2), nprocs=2)
    assert Workspace(tmp_path / 'two' / 'c.zip').finished() == {0, 1, 2, 3}

    predict(tmp_path / 'two' / 'c.zip')

    assert archives(tmp_path / 'two') == one


def test_the_sampler_deals_each_remaining_image_once(monkeypatch, tmp_path):
    begin_submission(tmp_path / 'c.zip', frames(IMAGES)).process(
        {}, [make_sample(frames(IMAGES).images[1].id, street())]
    )
    shares = []
    for rank in range(3):
        monkeypatch.setattr(
            'mmpisr.submissions.workspace.get_dist_info', lambda rank=rank: (rank, 3)
        )
        sampler = RemainingImagesSampler(
            range(IMAGES), out_file=str(tmp_path / 'c.zip')
        )
        assert len(list(sampler)) == len(sampler)
        shares.append(list(sampler))

    assert shares == [[0, 4], [2], [3]]


def test_the_sampler_refuses_a_dataset_of_another_length(tmp_path):
    begin_submission(tmp_path / 'c.zip', frames(IMAGES))

    with pytest.raises(ValueError, match=r'lists 5 images, the dataset has 4'):
        RemainingImagesSampler(range(4), out_file=str(tmp_path / 'c.zip'))


def test_nothing_is_left_of_a_finished_submission(tmp_path):
    writer = begin_submission(tmp_path / 'c.zip', frames(1))
    writer.process({}, [make_sample(frames(1).images[0].id, street())])
    sampler = RemainingImagesSampler(range(1), out_file=str(tmp_path / 'c.zip'))

    assert list(sampler) == []
    assert len(sampler) == 0
    assert os.path.isdir(tmp_path / 'c.zip.partial')
