import pytest
import torch

from mmpisr import add_relation
from mmpisr.families.add import read_config

WRONG = {
    'neck.out_channels': (128, 256),
    'semantic_head.in_channels': (64, 256),
    'roi_head.mask_roi_extractor.out_channels': (8, 256),
    'semantic_head.num_things_classes': (79, 80),
    'semantic_head.num_stuff_classes': (52, 53),
    'roi_head.bbox_head.num_classes': (8, 80),
    'roi_head.mask_head.num_classes': (8, 80),
}


def both(field, value, other):
    """Pattern of a message with a field, its value, and the value of another field."""
    one, two = rf'{field} is {value}\b', rf'\w+\.\w+ is {other}\b'
    return f'{one}, but .*{two}|{two}, but .*{one}'


@pytest.mark.parametrize(
    ('field', 'value', 'other'), [(k, *v) for k, v in WRONG.items()]
)
def test_fields_that_differ_are_named_with_their_values(cfg, field, value, other):
    cfg.merge_from_dict({f'model.{field}': value})

    with pytest.raises(ValueError, match=both(field, value, other)):
        add_relation(cfg)


def test_missing_fields_have_the_defaults_of_their_constructors(cfg):
    del cfg.model.semantic_head['num_things_classes']  # 80 in mmdet
    add_relation(cfg)
    cfg.model.panoptic_fusion_head.num_things_classes = 8

    with pytest.raises(
        ValueError, match=both('panoptic_fusion_head.num_things_classes', 8, 80)
    ):
        add_relation(cfg)


def test_every_stage_of_a_cascade_is_compared(cfg):
    roi_head = cfg.model.roi_head
    roi_head.update(
        type='mmdet.CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 1]
    )
    for head in ('bbox_head', 'mask_head'):
        roi_head[head] = [roi_head[head], dict(roi_head[head])]
    rcnn = cfg.model.train_cfg.rcnn
    cfg.model.train_cfg.rcnn = [rcnn, rcnn]
    roi_head.bbox_head[1].num_classes = 8

    with pytest.raises(ValueError, match=r'bbox_head\W1\W{1,2}num_classes is 8\b'):
        add_relation(cfg)


def test_a_batch_that_is_resized_without_its_segments_is_refused(cfg):
    resize = dict(type='mmdet.BatchSyncRandomResize', random_size_range=(480, 800))
    cfg.model.data_preprocessor.batch_augments = [resize]

    with pytest.raises(
        ValueError, match=r'augments\[0\] .BatchSyncRandomResize. chang'
    ):
        add_relation(cfg)


def test_queries_and_their_fusion_have_the_same_classes():
    cfg = read_config('mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py')
    cfg.model.panoptic_fusion_head.num_stuff_classes = 11

    with pytest.raises(
        ValueError, match=both('panoptic_fusion_head.num_stuff_classes', 11, 53)
    ):
        add_relation(cfg)


def test_queries_have_a_weight_for_every_class_and_for_no_object():
    cfg = read_config('mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py')
    cfg.model.panoptic_head.loss_cls.class_weight = [1.0] * 133

    with pytest.raises(
        ValueError, match=r'class_weight has 133 weights, but .* 80 thing'
    ):
        add_relation(cfg)


def test_both_decoders_of_panoptic_deeplab_fit_its_heads():
    cfg = read_config(
        'mmpisr::panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
    )
    cfg.model.neck.instance.out_channels = 48

    with pytest.raises(ValueError, match=r'32\b.* 48\b|48\b.* 32\b'):
        add_relation(cfg)


def test_a_constructor_that_fails_is_quoted_with_its_error(cfg):
    cfg.model.backbone.depth = 49

    with pytest.raises(ValueError, match='cannot be built: KeyError: .*49'):
        add_relation(cfg)


def test_random_numbers_drawn_afterwards_are_the_same(cfg):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)

    add_relation(cfg)

    assert torch.equal(torch.rand(3), expected)
