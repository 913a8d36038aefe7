import pytest

from mmpisr import add_relation
from mmpisr.families.add import load_config

WRONG = {
    'neck.out_channels': (128, r'neck\.out_channels is 128, but .*in_channels is 256'),
    'semantic_head.in_channels': (
        64,
        r'256, but model\.semantic_head\.in_channels is 64',
    ),
    'roi_head.mask_roi_extractor.out_channels': (8, r'mask_roi_extractor\..* is 8'),
    'semantic_head.num_things_classes': (
        79,
        r'panoptic_fusion_head\.num_things_classes is 80, but '
        r'model\.semantic_head\.num_things_classes is 79',
    ),
    'semantic_head.num_stuff_classes': (52, r'53, but .*num_stuff_classes is 52'),
    'roi_head.bbox_head.num_classes': (8, r'bbox_head\.num_classes is 8'),
    'roi_head.mask_head.num_classes': (8, r'mask_head\.num_classes is 8'),
}


@pytest.mark.parametrize(
    ('field', 'value', 'message'), [(k, *v) for k, v in WRONG.items()]
)
def test_fields_that_disagree_are_named_with_their_values(cfg, field, value, message):
    cfg.merge_from_dict({f'model.{field}': value})

    with pytest.raises(ValueError, match=message):
        add_relation(cfg)


def test_what_the_config_leaves_out_has_the_default_of_its_constructor(cfg):
    del cfg.model.semantic_head['num_things_classes']  # 80 in mmdet
    add_relation(cfg)
    cfg.model.panoptic_fusion_head.num_things_classes = 8

    with pytest.raises(ValueError, match='is 8, but .*semantic_head.* is 80'):
        add_relation(cfg)


def test_every_stage_of_a_cascade_is_read(cfg):
    heads = cfg.model.roi_head.bbox_head
    cfg.model.roi_head.bbox_head = [heads, dict(heads, num_classes=8)]

    with pytest.raises(ValueError, match=r'bbox_head\[1\]\.num_classes is 8'):
        add_relation(cfg)


def test_the_classes_of_the_data_are_compared_without_reading_the_data(cfg):
    for part in 'semantic_head', 'panoptic_fusion_head':
        cfg.model[part].num_stuff_classes = 11

    with pytest.raises(
        ValueError,
        match=r'train_dataloader\.dataset: number of stuff_classes is 53, but '
        r'model\.panoptic_fusion_head\.num_stuff_classes is 11',
    ):
        add_relation(cfg)


def test_a_batch_that_is_resized_without_its_segments_is_refused(cfg):
    resize = dict(type='mmdet.BatchSyncRandomResize', random_size_range=(480, 800))
    cfg.model.data_preprocessor.batch_augments = [resize]

    with pytest.raises(
        ValueError, match=r'augments\[0\] .BatchSyncRandomResize. chang'
    ):
        add_relation(cfg)


@pytest.mark.parametrize('wrap', ['RepeatDataset', 'ConcatDataset'])
def test_wrapped_datasets_are_found(cfg, wrap):
    inner = dict(cfg.train_dataloader.dataset, metainfo=dict(classes=('one', 'two')))
    inner_key, inner = (
        ('dataset', inner) if wrap == 'RepeatDataset' else ('datasets', [inner])
    )
    cfg.train_dataloader.dataset = {'type': wrap, inner_key: inner}

    with pytest.raises(ValueError, match='number of classes is 2, but .* is 133'):
        add_relation(cfg)


def test_queries_have_a_weight_for_every_class_and_for_none():
    cfg = load_config('mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py')
    cfg.model.panoptic_head.loss_cls.class_weight = [1.0] * 133

    with pytest.raises(
        ValueError, match=r'class_weight has 133 weights, but .* 80 thing'
    ):
        add_relation(cfg)


def test_both_decoders_of_panoptic_deeplab_fit_its_heads():
    cfg = load_config(
        'mmpisr::panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py'
    )
    cfg.model.neck.instance.out_channels = 48

    with pytest.raises(ValueError, match='48, but .*instance_channels is 32'):
        add_relation(cfg)
