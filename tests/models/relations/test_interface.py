"""The interface that every relation implements."""

import pytest
import torch
from relation_scenes import make_scene


def clone(scene):
    return [part.clone() for part in scene]


def test_the_output_has_the_shape_of_the_features(relation, scene):
    assert relation(*scene).feats.shape == scene.feats.shape


def test_a_slot_marked_invalid_changes_nothing(relation, scene):
    feats, probs, heatmaps = clone(scene)
    heatmaps[:, -1] = torch.rand_like(heatmaps[:, -1])
    valid = torch.ones(heatmaps.shape[:2], dtype=torch.bool)
    valid[:, -1] = False

    expected = relation(*scene, valid).feats
    actual = relation(feats, probs, heatmaps, valid).feats

    torch.testing.assert_close(actual, expected)


def test_not_a_number_in_an_invalid_slot_or_in_padding_does_not_spread(relation, scene):
    feats, probs, heatmaps = clone(scene)
    heatmaps[:, -1] = torch.nan
    heatmaps[..., -2:] = probs[..., -2:] = torch.nan
    valid = torch.ones(heatmaps.shape[:2], dtype=torch.bool)
    valid[:, -1] = False
    pixels = torch.ones(feats[:, 0].shape, dtype=torch.bool)
    pixels[..., -2:] = False

    assert relation(feats, probs, heatmaps, valid, pixels).feats.isfinite().all()


def leaves_of(scene):
    return [part.double().clone().requires_grad_() for part in scene]


def gradients(relation, leaves):
    """Of the inputs, and of the parameters that have one."""
    return [leaf.grad for leaf in leaves], {
        name: p.grad for name, p in relation.named_parameters() if p.grad is not None
    }


@pytest.mark.parametrize('training', [True, False])
def test_a_padded_batch_equals_single_images_gradients_too(relation, scene, training):
    relation = relation.double().train(training)
    sizes = [(6, 8), (4, 5)]
    pixels = torch.zeros(scene.feats[:, 0].shape, dtype=torch.bool)
    for image, (height, width) in enumerate(sizes):
        pixels[image, :height, :width] = True

    leaves = leaves_of(scene)
    together = relation(*leaves, pixel_mask=pixels).feats
    together.square()[pixels.unsqueeze(1).expand_as(together)].sum().backward()
    expected = gradients(relation, leaves)
    relation.zero_grad()

    singles = leaves_of(scene)
    for image, (height, width) in enumerate(sizes):
        crop = [part[image : image + 1, :, :height, :width] for part in singles]
        alone = relation(*crop).feats
        alone.square().sum().backward()
        torch.testing.assert_close(
            together[image : image + 1, :, :height, :width], alone
        )
    torch.testing.assert_close(gradients(relation, singles), expected)


@pytest.mark.parametrize('training', [True, False])
def test_no_image_depends_on_another_one(relation, scene, training):
    relation.train(training)
    changed = [part.clone() for part in scene]
    for part in changed:
        part[1] = part[1].flip(-1) * 3 + 1

    expected, actual = relation(*scene).feats, relation(*changed).feats

    torch.testing.assert_close(actual[0], expected[0])
    assert not torch.allclose(actual[1], expected[1])


def test_no_relation_has_buffers(relation):
    assert not [*relation.buffers()]


def test_every_relation_compiles_to_one_graph(relation, scene):
    torch._dynamo.reset()  # each relation is a new graph of the same code
    compiled = torch.compile(relation, fullgraph=True, backend='aot_eager')
    valid = torch.tensor([[True, True, True, False]] * 2)
    pixels = torch.ones(2, 6, 8, dtype=torch.bool)
    pixels[1, 4:] = False

    for flags in ((), (valid, pixels)):
        actual, expected = compiled(*scene, *flags), relation(*scene, *flags)
        torch.testing.assert_close(actual.feats, expected.feats)


def test_bfloat16_saves_at_most_six_tenths_of_what_float32_saves(relation):
    scene = [part.requires_grad_() for part in make_scene(64, 96)]

    whole = saved_bytes(relation, scene)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        half = saved_bytes(relation, scene)

    assert half <= 0.6 * whole


def saved_bytes(relation, scene):
    """Size of the storages that the backward pass keeps."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = (storage, storage.nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        relation(*scene)
    return sum(size for _, size in kept.values())


@pytest.mark.parametrize('size', [(6, 8), (1, 1)])
def test_no_instance_and_no_pixel_give_finite_output_and_gradients(
    relation, scene, size
):
    height, width = size
    feats, probs, heatmaps = (part[..., :height, :width].clone() for part in scene)
    leaves = [feats.requires_grad_(), probs.requires_grad_()]
    valid = torch.zeros(heatmaps.shape[:2], dtype=torch.bool)
    pixels = torch.ones(feats[:, 0].shape, dtype=torch.bool)
    pixels[0] = False  # an image that is nothing but padding

    out = relation(feats, probs, heatmaps, valid, pixels).feats
    out.square().sum().backward()

    assert out.isfinite().all()
    gradients = [leaf.grad for leaf in leaves if leaf.grad is not None]
    gradients += [weight.grad for weight in relation.parameters()]
    assert all(g is None or g.isfinite().all() for g in gradients)
    assert feats.grad is not None


def test_every_parameter_receives_a_gradient(relation, scene):
    relation(*scene).feats.square().sum().backward()

    without = [
        name
        for name, weight in relation.named_parameters()
        if weight.grad is None or not weight.grad.any()
    ]

    assert not without


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_mixed_precision_stays_finite_on_a_large_map(relation, dtype):
    generator = torch.Generator().manual_seed(1)
    classes, slots = relation.num_classes, relation.num_instances
    feats = torch.rand(1, relation.in_channels, 256, 512, generator=generator) * 4
    probs = torch.rand(1, classes, 256, 512, generator=generator)
    heatmaps = torch.ones(1, slots, 256, 512)

    with torch.autocast('cpu', dtype=dtype):
        out = relation(feats.to(dtype), probs, heatmaps).feats

    assert out.isfinite().all()
    assert out.dtype == dtype


@pytest.mark.parametrize('name', ['pisr', 'ocr', 'concat', 'product', 'conv'])
def test_a_residual_relation_with_a_closed_gate_changes_nothing(build, scene, name):
    relation = build(name).eval()
    assert not torch.equal(relation(*scene).feats, scene.feats)

    relation.fuse.close_gate()

    assert torch.equal(relation(*scene).feats, scene.feats)


@pytest.mark.parametrize('name', ['pisr', 'ocr', 'concat', 'product', 'conv'])
def test_the_gate_starts_at_initial_gate(build, name):
    gate = build(name, initial_gate=0.7).fuse.gate_norm.weight

    assert torch.equal(gate, torch.full_like(gate, 0.7))


def test_closing_the_gate_does_nothing_where_features_are_replaced(build, scene):
    relation = build('conv', fusion='replace').eval()
    before = relation(*scene).feats

    relation.fuse.close_gate()

    assert torch.equal(relation(*scene).feats, before)


def test_detached_masks_pass_no_gradient(build, scene):
    probs = scene.sem_probs.clone().requires_grad_()

    for name in ('pisr', 'ocr'):
        for detach in (False, True):
            relation = build(name, detach_masks=detach).eval()
            out = relation(scene.feats.clone().requires_grad_(), probs, scene.heatmaps)
            (grad,) = torch.autograd.grad(out.feats.sum(), probs, allow_unused=True)
            assert (grad is None) == detach


def bad(scene, field, value):
    return {**scene._asdict(), field: value}


@pytest.mark.parametrize(
    ('field', 'change', 'numbers'),
    [
        ('feats', lambda t: t[:, :-1], ('11', '12')),
        ('sem_probs', lambda t: t[:, :-1], ('4', '5')),
        ('sem_probs', lambda t: t[..., :-1], ('7', '8')),
        ('heatmaps', lambda t: t[:, :, :-1], ('5', '6')),
        ('heatmaps', lambda t: t[:1], ('1', '2')),
    ],
)
def test_a_shape_that_disagrees_is_refused_with_both_numbers(
    relation, scene, field, change, numbers
):
    parts = bad(scene, field, change(getattr(scene, field)))

    with pytest.raises(ValueError, match=f'{numbers[0]}.*{numbers[1]}'):
        relation(*parts.values())


def test_flags_of_another_shape_are_refused(relation, scene):
    with pytest.raises(ValueError, match=r'inst_valid.*\(2, 3\).*\(2, 4\)'):
        relation(*scene, torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r'pixel_mask.*\(2, 6, 7\).*\(2, 6, 8\)'):
        relation(*scene, pixel_mask=torch.ones(2, 6, 7, dtype=torch.bool))


@pytest.mark.parametrize('field', ['in_channels', 'num_classes', 'num_instances'])
def test_a_count_below_one_is_refused_at_build_time(field):
    from mmpisr.models.relations import PISR

    counts = {'in_channels': 4, 'num_classes': 3, 'num_instances': 2, field: 0}

    with pytest.raises(ValueError, match=f'{field}.*0'):
        PISR(counts.pop('in_channels'), **counts)


def test_a_relation_with_weights_per_slot_refuses_another_number_of_slots(build, scene):
    for name in ('concat', 'product', 'pisr-literal'):
        with pytest.raises(ValueError, match='got'):
            build(name)(scene.feats, scene.sem_probs, scene.heatmaps[:, :-1])


def test_an_unknown_fusion_is_refused(build):
    with pytest.raises(ValueError, match="'sum'"):
        build('pisr', fusion='sum')
