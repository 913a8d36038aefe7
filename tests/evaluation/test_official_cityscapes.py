"""Every number against cityscapesscripts' own evaluators, on real frames.

A stuff class that a prediction splits is one segment, as in mmdet's encoding.
"""

import copy

import numpy as np
import pytest
from cityscapes_frames import (
    as_sample,
    dataset_meta,
    evaluator,
    official_classes,
    perfect_prediction,
    spoiled_prediction,
    thing_masks,
    write_predictions,
    write_truth,
)

from mmpisr.evaluation import PanopticMetric

pytest.importorskip('cityscapesscripts')


@pytest.fixture
def frames(shared_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # cityscapesscripts writes matches.json here

    def make(step, count):
        return write_truth(shared_data / 'cityscapes_sample', tmp_path, step, count)

    return make


def official_values(folder, paths):
    """Evaluate the predictions in ``folder/pred`` with cityscapesscripts; percent."""
    panoptic = evaluator('evalPanopticSemanticLabeling')
    pixel = evaluator('evalPixelLevelSemanticLabeling')
    instance = evaluator('evalInstanceLevelSemanticLabeling')
    truth = str(folder / 'gtFine' / 'cityscapes_panoptic_val')
    pan = panoptic.evaluatePanoptic(
        f'{truth}.json', truth, 'pred/pan.json', 'pred/pan', 'panoptic_result.json'
    )
    names = [path.name.replace('_gtFine_instanceIds.png', '') for path in paths]
    pixel_args, instance_args = copy.copy(pixel.args), copy.copy(instance.args)
    for args in (pixel_args, instance_args):
        args.JSONOutput, args.quiet = False, True
    labels = [str(path).replace('instanceIds', 'labelIds') for path in paths]
    sem = pixel.evaluateImgLists(
        [f'pred/pixel/{name}.png' for name in names], labels, pixel_args
    )
    instance_args.predictionPath = str(folder / 'pred' / 'instance')
    instance_args.gtInstancesFile = str(folder / 'gt_instances.json')
    texts = [f'{folder}/pred/instance/{name}.txt' for name in names]
    ins = instance.evaluateImgLists(texts, [str(p) for p in paths], instance_args)
    values = {
        f'{key}{suffix}': pan[group][key.lower()]
        for key in ('PQ', 'SQ', 'RQ')
        for group, suffix in (('All', ''), ('Things', '_th'), ('Stuff', '_st'))
    } | dict(
        mIoU=sem['averageScoreClasses'],
        iIoU=sem['averageScoreInstClasses'],
        AP=ins['averages']['allAp'],
        AP50=ins['averages']['allAp50%'],
    )
    return {key: 100 * value for key, value in values.items()}


def our_values(folder, paths, preds, *, with_masks=True):
    classes = official_classes()
    metric = PanopticMetric(
        str(folder / 'gtFine' / 'cityscapes_panoptic_val.json'),
        miou=True,
        iiou=True,
        mask_ap='cityscapes',
        prefix='cs',
    )
    metric.dataset_meta = dataset_meta(classes)
    for path, pred in zip(paths, preds, strict=True):
        metric.process({}, [as_sample(path, pred, classes, with_masks)])
    values = metric.evaluate(size=len(paths))
    return {key.removeprefix('cs/'): value for key, value in values.items()}


def largest_difference(ours, theirs, report):
    assert ours.keys() == theirs.keys()
    gaps = {key: abs(ours[key] - theirs[key]) for key in ours}
    for name, keys in (
        ('PQ', [k for k in gaps if 'Q' in k]),
        ('mIoU', ['mIoU']),
        ('iIoU', ['iIoU']),
        ('AP', ['AP', 'AP50']),
    ):
        gap = max(gaps[key] for key in keys)
        report(f'{name}, largest difference to cityscapesscripts', f'{gap:.1e} points')
    return max(gaps.values())


@pytest.mark.slow
def test_the_truth_scores_100_in_both(frames, tmp_path, record_property):
    paths = frames(step=1, count=4)
    preds = [perfect_prediction(path) for path in paths]
    write_predictions(tmp_path / 'pred', paths, preds)

    ours = our_values(tmp_path, paths, preds, with_masks=False)
    theirs = official_values(tmp_path, paths)

    assert largest_difference(ours, theirs, record_property) < 1e-9
    assert [ours[key] for key in ('PQ', 'mIoU', 'iIoU')] == [100, 100, 100]


CASES = [
    pytest.param(1, 2, 0, True, marks=pytest.mark.slow),
    (4, 4, 1, True),
    (4, 4, 2, False),
]


@pytest.mark.parametrize(('step', 'count', 'seed', 'with_masks'), CASES)
def test_spoiled_predictions_score_the_same(
    frames, tmp_path, record_property, step, count, seed, with_masks
):
    rng = np.random.default_rng(seed)
    paths = frames(step, count)
    preds = [spoiled_prediction(path, rng) for path in paths]
    if not with_masks:  # the segments are the instances, all with score 1
        preds = [p._replace(masks=thing_masks(p.segments, p.label_of)) for p in preds]
    write_predictions(tmp_path / 'pred', paths, preds)

    ours = our_values(tmp_path, paths, preds, with_masks=with_masks)
    theirs = official_values(tmp_path, paths)

    assert largest_difference(ours, theirs, record_property) < 1e-9
    assert all(0 < ours[key] < 100 for key in ('PQ', 'mIoU', 'iIoU', 'AP'))
