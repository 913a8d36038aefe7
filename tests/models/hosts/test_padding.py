"""Padding does not change what the relation of a host computes."""

import pytest
import torch
from tiny_hosts import NEW, build, losses_of, make_batch, relation_of
from torch import nn

LARGE, SMALL = (128, 160), (50, 70)  # the small image alone is padded to 64 x 96


@pytest.fixture(params=sorted(NEW))
def family(request):
    return request.param


def recorded_call(host, run):
    """Positional arguments and output of the one call of a host's relation."""
    calls = []
    relation = relation_of(host)
    handle = relation.register_forward_hook(
        lambda _, args, out: calls.append((args, out))
    )
    run()
    handle.remove()
    ((args, out),) = calls
    return relation, args, out


@pytest.mark.parametrize('training', [True, False])
def test_the_relation_of_a_padded_image_is_that_of_its_valid_pixels(family, training):
    host, batch = (
        build(family, host=True).train(training),
        make_batch(family, LARGE, SMALL),
    )
    run = losses_of if training else type(host).test_step

    relation, (feats, probs, heatmaps, valid, pixels), out = recorded_call(
        host, lambda: run(host, batch)
    )
    rows, columns = (int(pixels[1].any(dim=axis).sum()) for axis in (1, 0))
    with torch.no_grad():
        maps = [part[1:, :, :rows, :columns] for part in (feats, probs, heatmaps)]
        alone = relation(*maps, valid[1:])
        without_mask = relation(feats, probs, heatmaps, valid)

    stride = LARGE[0] // feats.shape[2]
    assert (rows, columns) == tuple(-(-side // stride) for side in SMALL)
    together = out.feats[1:, :, :rows, :columns]
    torch.testing.assert_close(together, alone.feats, rtol=1e-4, atol=1e-4)
    unmasked = without_mask.feats[1:, :, :rows, :columns]
    assert not torch.allclose(unmasked, alone.feats, rtol=1e-2, atol=1e-2)


def test_padding_changes_a_host_hardly_more_than_its_base(family):
    """Convolutions of base and host mix padding into the image's border.

    MaskFormer's untrained refresh of queries amplifies the change of the base.
    """
    changes = {}
    for host in (False, True):
        model = frozen(build(family, host=host))
        together = dense_logits(model, make_batch(family, LARGE, SMALL))[1]
        alone = dense_logits(model, make_batch(family, SMALL))[0]
        height, width = (
            alone.shape[1] * SMALL[0] // 64,
            alone.shape[2] * SMALL[1] // 96,
        )
        alone = alone[:, :height, :width]
        change = (together[:, :height, :width] - alone).abs().mean()
        changes[host] = change / alone.std()

    limit = 3 if family == 'maskformer' else 1.5
    assert changes[True] < limit * changes[False]


def frozen(model: nn.Module) -> nn.Module:
    return model.eval().requires_grad_(False)


def dense_logits(model, batch):
    """Semantic logits, or the masks of the queries, of the final stage."""
    out = model(**model.data_preprocessor(batch), mode='tensor')
    if hasattr(out, 'sem_logits'):
        return out.sem_logits
    return out[1][-1] if hasattr(model, 'panoptic_head') else out[-1]
