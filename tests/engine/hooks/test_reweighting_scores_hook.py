import json
from types import SimpleNamespace

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from torch import nn

from mmpisr.models.relations import BaseRelation, RelationOutput
from mmpisr.registry import HOOKS

NUM_CLASSES, NUM_SLOTS = 2, 3


class FixedRelation(BaseRelation):
    """Answers with given scores."""

    def __init__(self, scores):
        super().__init__(4, num_classes=NUM_CLASSES, num_instances=NUM_SLOTS)
        self.scores = scores

    def relate(self, inputs):
        return RelationOutput(inputs.feats, self.scores)


class Host(nn.Module):
    def __init__(self, scores):
        super().__init__()
        self.relation = FixedRelation(scores)


SCORES = torch.tensor([[0.9, 0.2, 0.8, 0.4, 0.0]])


def predict(host, by_keyword=False):
    """The first slot lies on the thing, the second on nothing, the third is empty."""
    heatmaps = torch.zeros(1, NUM_SLOTS, 4, 4)
    heatmaps[:, 0, :2] = 1
    heatmaps[:, 1, 3:] = 1
    valid = torch.tensor([[True, True, False]])
    feats, probs = torch.zeros(1, 4, 4, 4), torch.zeros(1, NUM_CLASSES, 4, 4)
    if by_keyword:
        host.relation(feats, probs, heatmaps, inst_valid=valid)
    else:
        host.relation(feats, probs, heatmaps, valid, None)
    panoptic = torch.full((1, 8, 8), NUM_CLASSES)
    panoptic[:, :4] = 1000
    return [DetDataSample(gt_panoptic_seg=PixelData(sem_seg=panoptic))]


class FakeVisualizer:
    dataset_meta = dict(classes=('car', 'sky'))

    def __init__(self):
        self.scalars, self.images = {}, {}
        self._vis_backends = dict(fake=self)

    def add_scalars(self, scalars, step):
        self.scalars.update(scalars)
        self.step = step

    def add_image(self, name, image, step):
        self.images[name] = image


def runner_of(host, visualizer=None):
    return SimpleNamespace(
        model=host, visualizer=visualizer or FakeVisualizer(), iter=7
    )


@pytest.fixture
def hook():
    return HOOKS.build(dict(type='mmpisr.ReweightingScoresHook'))


def validate(hook, runner, stage='val', **how):
    getattr(hook, f'before_{stage}_epoch')(runner)
    getattr(hook, f'after_{stage}_iter')(
        runner, 0, outputs=predict(runner.model, **how)
    )
    getattr(hook, f'after_{stage}_epoch')(runner, {})
    return runner.visualizer


@pytest.mark.parametrize('stage', ['val', 'test'])
@pytest.mark.parametrize('by_keyword', [False, True])
def test_scores_are_logged_by_class_and_rank(hook, stage, by_keyword):
    seen = validate(hook, runner_of(Host(SCORES)), stage, by_keyword=by_keyword)

    assert seen.step == 7
    assert seen.scalars == pytest.approx(
        {
            'reweighting/present/car': 0.9,
            'reweighting/absent/sky': 0.2,
            'reweighting/matched/rank_01': 0.8,
            'reweighting/false_positive/rank_02': 0.4,
            'reweighting/mean/present': 0.9,
            'reweighting/mean/absent': 0.2,
            'reweighting/mean/matched': 0.8,
            'reweighting/mean/false_positive': 0.4,
            'reweighting/auroc/classes': 1.0,
            'reweighting/auroc/instances': 1.0,
        }
    )
    assert seen.images['reweighting'].ndim == 3


def test_ranks_that_do_not_know_class_names_number_the_classes_of_each_row(hook):
    host, visualizer = Host(SCORES), FakeVisualizer()
    host.semantic_index = [1, 1, 0]  # two things share a row, the stuff has its own
    visualizer.dataset_meta = None

    scalars = validate(hook, runner_of(host, visualizer)).scalars

    assert scalars['reweighting/present/0_and_1_more'] == pytest.approx(0.2)
    assert scalars['reweighting/present/2'] == pytest.approx(0.9)


def test_a_second_epoch_starts_anew(hook):
    host = Host(SCORES)
    first = validate(hook, runner_of(host))
    host.relation.scores = SCORES / 2
    second = validate(hook, runner_of(host))
    assert second.scalars['reweighting/present/car'] == pytest.approx(
        first.scalars['reweighting/present/car'] / 2
    )


def test_nothing_stays_on_the_model_even_after_a_broken_epoch(hook):
    runner = runner_of(Host(SCORES))
    hook.before_val_epoch(runner)
    hook.before_val_epoch(runner)  # the first one never ended
    assert len(runner.model.relation._forward_hooks) == 1
    hook.after_val_epoch(runner)
    hook.after_val_epoch(runner)
    assert not runner.model.relation._forward_hooks
    hook.before_val_epoch(runner)
    hook.after_run(runner)
    assert not runner.model.relation._forward_hooks


@pytest.mark.parametrize('missing', ['scores', 'truth'])
def test_without_scores_or_truth_it_warns_once_and_logs_nothing(
    hook, missing, monkeypatch
):
    warnings = []
    monkeypatch.setattr(
        'mmpisr.engine.hooks.reweighting_scores_hook.print_log',
        lambda text, **kwargs: warnings.append(text),
    )
    runner = runner_of(Host(None if missing == 'scores' else SCORES))
    hook.before_val_epoch(runner)
    for _ in range(2):
        samples = predict(runner.model)
        if missing == 'truth':
            samples = [DetDataSample()]
        hook.after_val_iter(runner, 0, outputs=samples)
    hook.after_val_epoch(runner)

    assert len(warnings) == 1
    assert runner.visualizer.scalars == {}


def test_a_model_without_relations_is_left_alone(hook):
    runner = runner_of(nn.Linear(1, 1))
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0, outputs=[DetDataSample()])
    hook.after_val_epoch(runner)
    assert runner.visualizer.scalars == {}


def test_a_visualizer_keeps_scalars_and_chart_in_files(hook, tmp_path):
    visualizer = Visualizer(
        vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path)
    )
    validate(hook, runner_of(Host(SCORES), visualizer))

    lines = (tmp_path / 'vis_data' / 'scalars.json').read_text().splitlines()
    assert 'reweighting/absent/1' in json.loads(lines[0])
    chart = tmp_path / 'vis_data' / 'vis_image' / 'reweighting_7.png'
    assert chart.stat().st_size > 10_000
