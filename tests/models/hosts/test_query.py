import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData

from mmpisr.models.hosts.query import semantic_probs
from mmpisr.registry import MODELS

SIZES = (64, 96), (50, 70)  # both are padded to 64 x 96
NEW = {
    'relation',
    'query_refresh',
    'final_cls_embed',
    'final_mask_embed',
}


@pytest.fixture(params=['maskformer', 'mask2former'])
def family(request):
    return request.param


@pytest.fixture
def make(repo, family):
    """Builds the base of a family, or its host with changes to the head."""
    init_default_scope('mmdet')

    def build(host=True, seed=0, **head):
        name = f'{family}_r18_600-iter_scenes.py'
        path = f'configs/pisr/pisr_{name}' if host else f'configs/{family}/{name}'
        cfg = Config.fromfile(str(repo / path))
        cfg.merge_from_dict(dict(model=dict(panoptic_head=head)))
        torch.manual_seed(seed)
        return MODELS.build(cfg.model)

    return build


def open_gates(model):
    """As if trained: a gate of zero would hide the relation."""
    for name, weight in model.named_parameters():
        if name.endswith('gate.weight'):
            torch.nn.init.ones_(weight)
    return model


def make_sample(size, num_things=2):
    sample = DetDataSample(
        metainfo=dict(img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0))
    )
    labels = torch.full((1, *size), 255)
    masks = torch.zeros(num_things, *size, dtype=torch.uint8)
    if num_things:
        labels[:, :20] = 10
    for thing, mask in enumerate(masks):
        mask[20:40, 30 * thing : 30 * thing + 20] = 1
        labels[0][mask.bool()] = thing
    sample.gt_sem_seg = PixelData(sem_seg=labels)
    sample.gt_instances = InstanceData(
        labels=torch.arange(num_things),
        bboxes=torch.zeros(num_things, 4),
        masks=BitmapMasks(masks.numpy(), *size),
    )
    return sample


def batch(model, *sizes, num_things=2):
    """Normalised, padded images and their samples; the same image for a size."""
    data = dict(inputs=[], data_samples=[])
    for size in sizes:
        generator = torch.Generator().manual_seed(size[0])
        image = torch.randint(256, (3, *size), dtype=torch.uint8, generator=generator)
        data['inputs'].append(image)
        data['data_samples'].append(make_sample(size, num_things))
    data = model.data_preprocessor(data, training=True)
    return data['inputs'], data['data_samples']


def test_both_stages_are_supervised_and_every_new_parameter_learns(make):
    model = open_gates(make())

    losses = model(*batch(model, *SIZES), mode='loss')
    sum(losses.values()).backward()

    names = {'loss_cls', 'loss_mask', 'loss_dice'}
    assert names == {name for name in losses if not name.startswith('intermediate.')}
    layers = {name.split('.')[1] for name in losses if name.count('.') == 2}
    assert {f'intermediate.{name}' for name in names} < set(losses)
    assert layers == {f'd{layer}' for layer in range(len(layers))}
    assert all(loss.isfinite() for loss in losses.values())
    for module in NEW:
        for name, weight in getattr(model.panoptic_head, module).named_parameters():
            assert weight.grad.any(), f'{module}.{name}'


def test_a_warm_start_equals_the_base_bit_for_bit(make):
    base, host = make(host=False, seed=1).eval(), make().eval()
    incompatible = host.load_state_dict(base.state_dict(), strict=False)
    inputs, samples = batch(host, *SIZES)

    with torch.no_grad():
        expected = base(inputs, samples, mode='tensor')
        actual = host(inputs, samples, mode='tensor')

    assert not incompatible.unexpected_keys
    assert {name.split('.')[1] for name in incompatible.missing_keys} == NEW
    for layers, base_layers in zip(actual, expected, strict=True):
        assert len(layers) == len(base_layers) + 1
        assert all(map(torch.equal, layers, [*base_layers, base_layers[-1]]))


def test_a_warm_start_predicts_the_panoptic_map_of_the_base(make):
    base, host = make(host=False, seed=1).eval(), make().eval()
    generator = torch.Generator().manual_seed(0)
    for weight in base.panoptic_head.parameters():
        if weight.dim() == 2:  # untrained queries would all say the same
            torch.nn.init.normal_(weight, std=0.3, generator=generator)
    host.load_state_dict(base.state_dict(), strict=False)
    for model in base, host:  # and none is sure of it
        lenient = dict(object_mask_thr=0.0, iou_thr=0.0, filter_low_score=False)
        model.panoptic_fusion_head.test_cfg.update(lenient)

    with torch.no_grad():
        expected, actual = (
            model(*batch(model, *SIZES), mode='predict') for model in (base, host)
        )

    for one, other in zip(expected, actual, strict=True):
        segments = one.pred_panoptic_seg.sem_seg
        assert torch.equal(segments, other.pred_panoptic_seg.sem_seg)
    assert len(expected[0].pred_panoptic_seg.sem_seg.unique()) > 1


def test_final_predictors_are_not_copied_where_that_is_turned_off(make):
    base, host = make(host=False, seed=1), make(init_final_from_base=False)
    host.load_state_dict(base.state_dict(), strict=False)

    head = host.panoptic_head
    assert not torch.equal(head.final_cls_embed.weight, head.cls_embed.weight)
    assert torch.equal(head.cls_embed.weight, base.panoptic_head.cls_embed.weight)


def test_a_batch_of_two_sizes_equals_single_images(make):
    model = open_gates(make()).eval()

    with torch.no_grad():
        together = model(*batch(model, *SIZES), mode='tensor')
        alone = [model(*batch(model, size), mode='tensor') for size in SIZES]

    for kind in range(2):
        expected = torch.cat([single[kind][-1] for single in alone])
        torch.testing.assert_close(together[kind][-1], expected, atol=1e-4, rtol=1e-4)


def test_the_relation_is_called_once_and_told_the_padding(make):
    model, calls = make().eval(), []
    model.panoptic_head.relation.register_forward_hook(
        lambda module, inputs, output: calls.append(inputs)
    )

    model(*batch(model, *SIZES), mode='predict')

    ((feats, semantic, heatmaps, valid, pixels),) = calls
    assert feats.shape[2:] == semantic.shape[2:] == heatmaps.shape[2:] == (16, 24)
    assert semantic.sum(dim=1).max() <= 1 + 1e-5
    assert valid.all()
    assert pixels[0].all()
    assert pixels[1].nonzero().amax(dim=0).tolist() == [12, 17]


def test_images_without_ground_truth_train(make):
    model = make()

    losses = model(*batch(model, *SIZES, num_things=0), mode='loss')
    sum(losses.values()).backward()

    assert all(loss.isfinite() for loss in losses.values())
    assert all(loss.requires_grad for loss in losses.values())
    assert model.panoptic_head.final_mask_embed[-1].weight.grad is not None


def test_more_slots_than_queries_stay_empty(make):
    model = make(relation=dict(num_instances=50)).eval()

    with torch.no_grad():
        logits, _ = model(*batch(model, SIZES[0]), mode='tensor')

    assert model.panoptic_head.num_queries == 30
    assert logits[-1].isfinite().all()


def test_a_relation_for_another_number_of_classes_is_refused(make):
    with pytest.raises(ValueError, match=r'num_classes is 7.* 19'):
        make(relation=dict(num_classes=7))


def test_classes_of_pixels_are_sums_over_queries_that_do_not_exceed_one():
    class_probs = torch.tensor([[[0.5, 0.25], [1.0, 0.0]]])
    mask_probs = torch.tensor([[[[1.0, 0.8]], [[1.0, 0.0]]]])

    probs = semantic_probs(class_probs, mask_probs)

    expected = torch.tensor([[[[1.5 / 1.75, 0.4]], [[0.25 / 1.75, 0.2]]]])
    torch.testing.assert_close(probs, expected)
