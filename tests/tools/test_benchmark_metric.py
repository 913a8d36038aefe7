"""The benchmark of the metric: repeated truths, predictions on demand, a page."""

import importlib
import json

import numpy as np
import pytest
import torch
from cityscapes_tree import write_cityscapes
from generate_scenes import generate_scenes


@pytest.fixture
def tool(repo, monkeypatch):
    """Import the tools as they import each other."""
    monkeypatch.syspath_prepend(repo / 'tools' / 'analysis_tools')
    tool = importlib.import_module('benchmark_metric')
    monkeypatch.setattr(tool.PngPrefetcher, '_submit', tool.PngPrefetcher._submit)
    return tool


@pytest.fixture
def truth(tool, tmp_path):
    """Seven images over three pngs, 64 x 96."""
    root = tmp_path / 'scenes'
    generate_scenes(root, num_train=0, num_val=3, size=(64, 96), workers=1)
    annotations = root / 'annotations'
    categories, truths = tool.coco_truth(
        annotations / 'panoptic_val.json', annotations / 'panoptic_val'
    )
    folder = tmp_path / 'truth'
    folder.mkdir()
    tool.write_truth(folder, categories, truths, 7)
    return folder


def test_truths_repeat_under_names_of_their_own(truth):
    content = json.loads((truth / 'truth.json').read_text())
    pngs = sorted((truth / 'truth').iterdir())

    assert [image['id'] for image in content['images']] == [*range(1, 8)]
    assert len(pngs) == 7
    assert len({png.resolve() for png in pngs}) == 3
    assert (
        content['annotations'][0]['segments_info']
        == (content['annotations'][3]['segments_info'])
    )


def test_a_prediction_depends_on_seed_and_place_only(tool, truth):
    def maps(seed):
        batches = tool.Predictions(truth, seed).batches(3)
        return [s['pred_panoptic_seg']['sem_seg'] for batch in batches for s in batch]

    first, again, other = maps(0), maps(0), maps(1)

    assert len(first) == 7
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert not torch.equal(first[0], first[3])  # the same truth, shifted anew


def test_in_turns_both_metrics_give_the_same_numbers(tool, truth):
    predictions = tool.Predictions(truth, 0)
    names = [tool.OURS, tool.THEIRS]
    metrics = {name: tool.make_metric(name, predictions) for name in names}

    spent, values = tool.run_in_turns(metrics, predictions, 3)

    assert {seconds.shape for seconds in spent.values()} == {(3 + 1, 2)}
    assert all((seconds >= 0).all() for seconds in spent.values())
    ours, theirs = values[tool.OURS], values[tool.THEIRS]
    for key, value in theirs.items():
        assert ours[key] == pytest.approx(value, abs=1e-9)
    assert 20 < ours['coco_panoptic/PQ'] < 100


def test_a_turn_ends_when_nothing_is_read_ahead(tool, truth):
    ahead = tool.track_reading_ahead()
    predictions = tool.Predictions(truth, 0)
    metric = tool.make_metric(tool.OURS, predictions)
    for sample in next(predictions.batches(4)):
        metric.process({}, [sample])

    assert len(ahead) == 1
    tool.wait(ahead)
    assert ahead[0].done()


def test_alone_memory_is_that_of_the_whole_process(tool, truth):
    alone = tool.run_alone(tool.Predictions(truth, 0))

    assert alone['images'] == alone['early_images'] == 7
    assert 50 < alone['imported_mib'] <= alone['early_mib'] <= alone['mib']


def test_cityscapes_truth_has_things_first(tool, tmp_path):
    root = write_cityscapes(tmp_path / 'cityscapes')
    (tmp_path / 'pngs').mkdir()

    categories, truths = tool.cityscapes_truth(root, tmp_path / 'pngs')

    assert [c['isthing'] for c in categories] == [1] * 8 + [0] * 11
    assert len(truths) == 3
    assert all(s['area'] > 0 for _, segments in truths for s in segments)


def test_no_cityscapes_truth_is_refused(tool, tmp_path):
    with pytest.raises(FileNotFoundError, match='no gtFine/'):
        tool.cityscapes_truth(tmp_path, tmp_path)


def test_the_page_gives_rates_and_ratios(tool):
    spent = {
        tool.OURS: np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]]),
        tool.THEIRS: np.array([[8.0, 8.0], [10.0, 10.0], [2.0, 2.0]]),
    }
    about = dict(
        paired=10,
        size=(64, 96),
        truths=3,
        gap=0.0,
        block=5,
        seed=0,
        load=0.0,
        command='python x.py',
    )
    alone = dict(
        images=20,
        seconds=4.0,
        early_images=20,
        imported_mib=1.0,
        early_mib=2.0,
        mib=3.0,
    )

    text = tool.benchmark_page(spent, {'coco_panoptic/PQ': 50.0}, about, alone)

    assert '| mmpisr | 5.00 | 200 | 400 | 1.0 | 1.0 |' in text
    assert '| mmdet | 0.50 | 2000 | 2000 | 10.0 | 5.0 |' in text
    assert 'median 9.0, quartiles 8.5 and 9.5' in ' '.join(text.split())
    assert 'Other work' not in text
