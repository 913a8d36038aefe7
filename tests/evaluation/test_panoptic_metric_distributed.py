"""Two processes give the numbers and files of one, whatever the sampler pads."""

import itertools
import json
import pickle

import pytest
import torch.multiprocessing as mp
from random_scenes import write_scenes
from two_processes import evaluate, work

NUM_IMAGES = 5  # odd: a sampler of two processes pads one
CASES = [*itertools.product((1, 2), (True, False))]  # batch size, round_up


@pytest.mark.slow
def test_two_processes_give_the_numbers_and_files_of_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_scenes(tmp_path, NUM_IMAGES)
    expected = evaluate(path, 'one', 1, True)

    mp.spawn(work, (path, CASES), nprocs=2)

    for rank in range(2):
        found = pickle.loads((tmp_path / f'{rank}.pkl').read_bytes())
        for values in found:
            assert values == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
    for i in range(len(CASES)):
        for suffix in ('.npz', '.panoptic.json'):
            ours = (tmp_path / f'two{i}{suffix}').read_bytes()
            assert ours == (tmp_path / f'one{suffix}').read_bytes()
        entries = json.loads((tmp_path / f'two{i}.panoptic.json').read_text())
        assert len(entries['annotations']) == NUM_IMAGES
