"""Timing in turns: what is done, counted and compared."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from speed.inputs import (
    center_map,
    class_counts,
    images_only,
    make_batch,
)
from speed.memory import MIB, highest_sum, peak_memory_mib
from speed.page import speed_page
from speed.timing import WORK, Cost, Setup, TimedModel, ratios, time_in_turns
from tiny_hosts import load_config

from mmpisr.models.panoptic_deeplab import PanopticDeepLabMaps
from mmpisr.models.panoptic_deeplab.grouping import find_centers

SETUP = Setup((64, 96), batch=2)
HOSTS = ('panoptic-deeplab', 'panoptic-fpn', 'maskformer', 'mask2former')


@pytest.fixture
def timed():
    return TimedModel(load_config('panoptic-deeplab', host=True), SETUP)


def test_a_batch_has_the_truth_of_every_kind_of_model():
    batch = make_batch((64, 96), batch=2, things=3, stuff=2)

    assert [image.shape for image in batch['inputs']] == [(3, 64, 96)] * 2
    sample = batch['data_samples'][0]
    assert len(sample.gt_instances) == 8
    assert sample.gt_instances.labels.max() < 3
    assert {*sample.gt_sem_seg.sem_seg.unique().tolist()} >= {3, 4}
    assert sample.gt_panoptic_deeplab.center.max() == 1
    assert not torch.equal(batch['inputs'][0], batch['inputs'][1])


def test_without_thing_classes_there_are_no_things():
    sample = make_batch((16, 64), batch=1, things=0, stuff=2)['data_samples'][0]
    assert len(sample.gt_instances) == 0
    assert sample.gt_sem_seg.sem_seg.unique().tolist() == [0, 1]


def test_images_too_small_for_their_things_are_refused():
    with pytest.raises(ValueError, match='8 x 96, at least 16 x 64'):
        make_batch((8, 96), batch=1, things=1, stuff=1)


@pytest.mark.parametrize('family', HOSTS)
def test_the_classes_of_each_family_are_found(family):
    assert class_counts(load_config(family, host=True).model) == (8, 11)


def test_a_model_that_does_not_say_its_classes_is_refused():
    model = dict(type='X', panoptic_head=dict(num_things_classes=1))
    with pytest.raises(ValueError, match=r"'X' has .*num_stuff_classes.*neither"):
        class_counts(model)


def test_images_without_truth_keep_their_sizes():
    batch = make_batch((64, 96), batch=2, things=3, stuff=2)
    images = images_only(batch)

    assert images['inputs'] is batch['inputs']
    for sample, before in zip(
        images['data_samples'], batch['data_samples'], strict=True
    ):
        assert not sample.keys()
        assert sample.metainfo == before.metainfo
        assert 'gt_sem_seg' in before


@pytest.mark.parametrize('count', [1, 2, 7, 20, 40])
def test_a_center_map_has_as_many_peaks_when_it_is_enlarged(count):
    centers = center_map(count, (15, 24), (16, 24))
    assert centers.shape == (1, 1, 16, 24)
    assert (centers == 2).sum() == count

    enlarged = PanopticDeepLabMaps(centers, centers, centers).upsample(4).center
    assert len(find_centers(enlarged[0]).points) == count


def test_more_centers_than_an_image_has_room_for_are_refused():
    with pytest.raises(ValueError, match='41 instances do not fit .* 15 x 24 pixels'):
        center_map(41, (15, 24), (16, 24))


@pytest.mark.slow
@pytest.mark.parametrize('host', [False, True])
@pytest.mark.parametrize('family', [*HOSTS, 'upernet'])
def test_each_family_does_all_work_that_it_has(family, host):
    timed = TimedModel(load_config(family, host=host), Setup((64, 96)))
    done = {work for work in WORK if timed.seconds(work) > 0}
    assert done == {work for work in WORK if timed.does(work)}
    assert ('postprocess' in done) == (family == 'panoptic-deeplab')


def test_work_that_a_model_does_not_have_takes_no_number():
    timed = TimedModel(load_config('maskformer', host=False), Setup((64, 96)))
    assert np.isnan(timed.seconds('postprocess'))
    assert np.isnan(timed.cost(['postprocess']).memory_mib['postprocess'])


def test_a_network_that_cannot_do_without_postprocessing_is_refused(timed, monkeypatch):
    def forward(**_):
        raise TypeError('1 argument is missing')

    monkeypatch.setattr(timed.model, 'forward', forward)
    with pytest.raises(
        ValueError, match=r"PanopticDeepLab has no mode='tensor' .*1 ar"
    ):
        timed.network()


@pytest.mark.parametrize('instances', [3, 20])
def test_a_panoptic_deeplab_finds_as_many_instances_as_asked(instances):
    cfg = load_config('panoptic-deeplab', host=True)
    timed = TimedModel(cfg, SETUP._replace(instances=instances))
    found = []
    timed.model.register_forward_hook(lambda *args: found.extend(args[2]))
    timed.predict()

    assert [len(sample.pred_instances) for sample in found] == [instances] * 2
    assert all(sample.pred_panoptic_seg.sem_seg.min() >= 1000 for sample in found)


def test_a_prediction_is_the_network_and_its_postprocessing(timed, monkeypatch):
    head, calls = timed.model.panoptic_head, []
    predict = head.predict_by_maps
    monkeypatch.setattr(
        head,
        'predict_by_maps',
        lambda maps, samples, **_: calls.append(maps) or predict(maps, samples),
    )
    timed.network()
    assert not calls
    timed.postprocess()
    timed.predict()

    assert len(calls) == 2
    for actual, expected in zip(*calls, strict=True):
        torch.testing.assert_close(actual, expected)


def test_a_prediction_reads_no_truth_and_leaves_its_images_as_they_are(timed):
    seen = []
    timed.model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.extend(
            s.keys() for s in kwargs['data_samples']
        ),
        with_kwargs=True,
    )
    before = [image.clone() for image in timed._images['inputs']]

    timed.predict()

    assert seen == [[], []]
    for image, old in zip(timed._images['inputs'], before, strict=True):
        assert torch.equal(image, old)
    assert not any(sample.keys() for sample in timed._images['data_samples'])


def test_a_training_step_has_gradients_and_leaves_the_weights(timed):
    before = [weight.detach().clone() for weight in timed.model.parameters()]
    found = []
    step = timed._optimiser.step
    timed._optimiser.step = lambda: (
        found.extend(w.grad is not None for w in timed.model.parameters()),
        step(),
    )

    timed.train()

    assert found
    assert all(found)
    for old, new in zip(before, timed.model.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=0, atol=0)


def test_the_config_is_left_as_it_is():
    cfg = load_config('panoptic-deeplab', host=False)
    cfg.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')
    before = cfg.optim_wrapper.to_dict()
    TimedModel(cfg, SETUP)
    assert cfg.optim_wrapper.to_dict() == before


def test_autocast_computes_in_what_its_device_is_trained_in():
    assert Setup((1, 1)).dtype == torch.float32
    assert Setup((1, 1), amp=True).dtype == torch.bfloat16
    assert Setup((1, 1), amp=True, device='cuda:0').dtype == torch.float16


def test_with_autocast_the_relation_reads_short_floats():
    cfg = load_config('panoptic-deeplab', host=True)
    timed = TimedModel(cfg, SETUP._replace(amp=True))
    seen = []
    hook = timed.model.relation.register_forward_pre_hook
    hook(lambda module, inputs: seen.append(inputs[0].dtype))
    timed.train()
    timed.predict()
    assert seen == [torch.bfloat16] * 2


def test_the_cost_is_of_one_image_and_counts_all_weights(timed):
    cost = timed.cost(['predict'])
    double = TimedModel(timed.cfg, SETUP._replace(batch=4)).cost(['predict'])

    assert cost.gmacs == double.gmacs > 0
    assert cost.parameters == sum(w.numel() for w in timed.model.parameters())
    assert [*cost.memory_mib] == ['predict']
    assert double.memory_mib['predict'] > 1.5 * cost.memory_mib['predict']


def test_peak_memory_is_what_was_held_at_once():
    kept = torch.zeros(MIB)  # 4 MiB, from before

    def work():
        first = torch.zeros(2 * MIB)  # 8 MiB
        del first
        second, third = torch.zeros(MIB), torch.zeros(MIB // 2)  # 6 MiB
        return kept, second, third

    assert peak_memory_mib(work, torch.device('cpu')) == pytest.approx(8, abs=0.01)


def test_the_highest_sum_of_nothing_and_of_returns_is_zero():
    assert highest_sum([]) == highest_sum([-3, 2]) == 0
    assert highest_sum([3, -1, 2, -4]) == 4


def test_models_take_turns_and_change_their_order():
    calls = []
    models = {
        name: SimpleNamespace(seconds=lambda work, n=name: calls.append((n, work)) or 1)
        for name in 'ab'
    }
    spent = time_in_turns(models, turns=2, work=['predict', 'train'])

    both = [('a', 'predict'), ('a', 'train')], [('b', 'predict'), ('b', 'train')]
    assert calls == [*both[0], *both[1], *both[1], *both[0]]
    assert spent['train']['b'].tolist() == [1, 1]


@pytest.mark.parametrize(('models', 'turns'), [({}, 3), ({'a': None}, 0)])
def test_no_models_and_no_turns_are_refused(models, turns):
    with pytest.raises(ValueError, match=f'{len(models)} models and {turns} turns'):
        time_in_turns(models, turns=turns)


def test_a_ratio_is_of_times_of_one_turn():
    """The machine slows down threefold; the second model stays twice as slow."""
    spent = dict(a=np.array([1.0, 1.0, 3.0, 3.0]), b=np.array([2.0, 2.0, 6.0, 6.0]))
    assert ratios(spent)['a'].tolist() == [1, 1, 1]
    assert ratios(spent)['b'].tolist() == [2, 2, 2]


def test_the_page_has_a_row_a_model_and_says_how_to_make_it_again():
    spent = dict(train=dict(base=np.array([0.1, 0.3]), PISR=np.array([0.2, 0.3])))
    costs = dict(base=Cost(1.5, 1000, dict(train=7)), PISR=Cost(2, 2000, dict(train=8)))
    machine = dict(machine='x86_64', cores=2, gpu=None, torch='2')
    about = dict(**machine, load=0.5, commit='abc', dirty=False, threads=1)
    page = speed_page(spent, costs, SETUP, command='python x.py', about=about)

    assert (
        '| base | 1.500 | 1,000 | 200.0 | 10.00 | 1.000 | 1.000 to 1.000 | 7.0 |'
        in page
    )
    assert (
        '| PISR | 2.000 | 2,000 | 250.0 | 8.00 | 1.500 | 1.250 to 1.750 | 8.0 |' in page
    )
    assert '2 image(s) of 64 x 96 (height x width) on cpu, float32, 2 turns' in page
    assert '```bash\npython x.py\n```' in page
    assert 'Commit abc, 20' in page


def test_the_page_has_a_table_a_kind_of_work_and_a_dash_for_what_is_not_done():
    seconds = np.array([0.5])
    spent = {work: dict(base=seconds) for work in WORK}
    spent['postprocess'] = dict(base=seconds * np.nan)
    cost = Cost(1.5, 1000, {**dict.fromkeys(WORK, 7.0), 'postprocess': np.nan})
    machine = dict(machine='x86_64', cores=2, gpu=None, torch='2')
    about = dict(**machine, load=0.5, commit='abc', dirty=False, threads=1)
    page = speed_page(spent, dict(base=cost), SETUP, command='', about=about)

    titles = [line for line in page.splitlines() if line.startswith('## ')]
    assert titles == [
        '## Network',
        '## Post-processing',
        '## Prediction',
        '## Training step',
    ]
    assert '| base | 1.500 | 1,000 | – | – | – | – | – |' in page
    assert 'finds 20 instances' in ' '.join(page.split())
