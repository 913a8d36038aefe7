from types import SimpleNamespace

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from tiny_hosts import NEW, SIZES, build, make_batch
from torch import nn

from mmpisr.engine.hooks.told_classes_hook import (
    ToldClassesHook,
    class_layers,
    told_classes,
)

N, THING, STUFF = 19, 3, 12


@torch.no_grad()
def labels(model, batch):
    """Classes in the panoptic predictions, void left out."""
    maps = [s.pred_panoptic_seg.sem_seg % 1000 for s in model.test_step(batch)]
    return maps, {int(v) for one in maps for v in one.unique()} - {N}


@pytest.mark.parametrize('family', NEW)
def test_nothing_is_predicted_that_an_image_is_known_to_lack(family):
    model, batch = build(family, host=False).eval(), make_batch(family, *SIZES)
    layers = class_layers(model)
    present = torch.zeros(N, dtype=torch.bool)
    present[[THING, STUFF]] = True

    before, found = labels(model, batch)
    with told_classes(layers, present):
        _, told = labels(model, batch)
    with told_classes(layers, torch.ones_like(present)):
        same, _ = labels(model, batch)
    after, _ = labels(model, batch)

    assert not found <= {THING, STUFF}
    assert told
    assert told <= {THING, STUFF}
    for maps in (same, after):
        assert all(a.equal(b) for a, b in zip(maps, before, strict=True))


def test_where_no_class_is_known_to_be_there_nothing_is_ruled_out():
    layer = nn.Linear(2, N)
    with told_classes({layer: False}, torch.zeros(N, dtype=torch.bool)):
        assert not layer._forward_hooks


def test_a_model_without_layers_of_classes_has_none():
    assert class_layers(nn.Sequential(nn.Linear(2, 2))) == {}


def test_no_object_is_kept_with_a_single_stuff_class():
    layer = nn.Linear(2, 3)  # two things, 'no object'

    with told_classes({layer: False}, torch.tensor([True, False, False])):
        logits = layer(torch.ones(1, 2))

    assert (logits > -1e30).tolist() == [[True, False, True]]


def runner_of(model):
    meta = dict(classes=[str(label) for label in range(N)])
    dataset = SimpleNamespace(metainfo=meta)
    return SimpleNamespace(
        model=model, test_dataloader=SimpleNamespace(dataset=dataset)
    )


def test_the_hook_rules_out_what_the_truth_lacks_for_one_image():
    family = 'panoptic-deeplab'
    model, batch = build(family, host=True).eval(), make_batch(family, SIZES[0])
    truth = torch.full((1, *SIZES[0]), STUFF)
    truth[..., :20] = THING + 1000
    batch['data_samples'][0].gt_panoptic_seg = PixelData(sem_seg=truth)
    hook, runner = ToldClassesHook(), runner_of(model)

    before, _ = labels(model, batch)
    hook.before_test_iter(runner, 0, batch)
    _, told = labels(model, batch)
    hook.after_test_iter(runner, 0)
    after, _ = labels(model, batch)

    assert told
    assert told <= {THING, STUFF}
    assert after[0].equal(before[0])


@pytest.mark.parametrize(
    ('samples', 'model', 'message'),
    [
        ([DetDataSample(), DetDataSample()], nn.Linear(1, 1), '2 images.*batch_size=1'),
        ([[DetDataSample()]], nn.Linear(1, 1), 'without augmentation'),
        ([DetDataSample()], nn.Linear(1, 1), 'Linear has none of the layers'),
        (
            [DetDataSample()],
            nn.ModuleDict(dict(cls_embed=nn.Linear(1, 1))),
            'not loaded',
        ),
    ],
)
def test_the_hook_says_what_it_needs(samples, model, message):
    with pytest.raises(ValueError, match=message):
        ToldClassesHook().before_test_iter(
            runner_of(model), 0, dict(data_samples=samples)
        )
