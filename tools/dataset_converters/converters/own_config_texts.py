"""The texts of the configs that ``--write-config`` writes, and the base models."""

from typing import NamedTuple


class Model(NamedTuple):
    """What a base model needs to train on a small dataset; chosen here."""

    about: str
    base: str  # in configs/_base_/models
    side: int  # longest side of an image, pixels
    targets: str
    fields: str  # of model
    learning_rate: float
    least_iters: int
    relation: str
    relation_rate: float
    backbone_rate: float = 1.0
    batch: int = 4


MODELS = {
    'r18-slim': Model(
        about='A small Panoptic-DeepLab, trained from scratch: minutes on a CPU.',
        base='panoptic-deeplab_r18-slim.py',
        side=512,
        targets='sigma=4, small_instance_area=256',
        fields='',
        learning_rate=0.004,
        least_iters=1200,
        relation='num_instances=20, channels=64',
        relation_rate=0.2,
    ),
    'mobilenetv2-slim': Model(
        about='A small Panoptic-DeepLab on an ImageNet MobileNetV2, mostly frozen.\n'
        'Weights: tools/model_converters/torchvision_mobilenet_v2.py.',
        base='panoptic-deeplab_mobilenetv2-slim.py',
        side=256,
        targets='sigma=6, small_instance_area=256',
        fields='',
        learning_rate=0.002,
        least_iters=1200,
        relation='num_instances=20, channels=64',
        relation_rate=1.0,
        backbone_rate=0.1,
        batch=8,
    ),
    'r50': Model(
        about='Panoptic-DeepLab R-50. Its ImageNet weights are downloaded when a run\n'
        'starts (not with --cfg-options model.backbone.init_cfg=None). Needs a GPU.',
        base='panoptic-deeplab_r52.py',
        side=1024,
        targets='sigma=8, small_instance_area=1024',
        fields="""
    backbone=dict(
        stem_channels=64,
        init_cfg=dict(checkpoint='open-mmlab://resnet50_v1c'),
    ),
    neck=dict(pool_size=None),  # images differ in size: pool the whole image
    test_cfg=dict(stuff_area_limit=256),  # smaller stuff is void, in pixels""",
        learning_rate=0.0003,
        least_iters=4000,
        relation='num_instances=50',
        relation_rate=1.0,
    ),
}

DATA = '''"""A dataset of {num_things} thing and {num_stuff} stuff classes."""

_base_ = 'mmpisr::_base_/datasets/panoptic.py'
{classes}
data_root = {root!r}
# Width and height that images are resized to fit, in training and test. A larger scale
# finds smaller things, but needs more memory and time.
scale = {scale}
crop_size = {crop}  # width, height; smaller if memory is short

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(
        type='RandomResize',
        scale=scale,
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
        resize_type='mmdet.Resize',
    ),
    dict(type='mmdet.RandomCrop', crop_size=crop_size),
    dict(type='mmdet.RandomFlip', prob=0.5),  # remove it if left and right differ
    dict(type='mmdet.PhotoMetricDistortion'),  # remove it if classes differ in colour
    dict(type='mmpisr.PanopticDeepLabTargets', {targets}),
    dict(type='mmpisr.PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=scale, keep_ratio=True),
    dict(type='mmpisr.LoadPanopticSegments'),
    dict(type='mmpisr.PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size={batch},  # on each GPU; change lr in proportion
    dataset=dict(
        data_root=data_root,
        ann_file='{train}.json',
        data_prefix=dict(img={train_images!r}, seg='{train}/'),
        pipeline=train_pipeline,
    ),
)
'''
EVALUATION = """{name}_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='{ann}.json',
        data_prefix=dict(img={images!r}, seg='{ann}/'),
        pipeline=test_pipeline,
    ),
)
{name}_evaluator = dict(
    ann_file=data_root + '{ann}.json',
    seg_prefix=data_root + '{ann}/',
)
"""
WEIGHTS = """
    backbone=dict(init_cfg=dict(checkpoint={weights!r})),"""
NO_VAL = """# No split val yet: this evaluates on train, which gives too high scores.
# Convert val with --split val and the same --out and --write-config.
"""
SAME_TEST = """test_dataloader = val_dataloader
test_evaluator = val_evaluator
"""
BASE = '''"""{about}"""

_base_ = [
    'mmpisr::_base_/models/{base}',
    {data!r},
    'mmpisr::_base_/schedules/schedule_1200-iter.py',
    'mmpisr::_base_/default_runtime.py',
]
model = dict({weights}{fields}
    panoptic_head=dict(
        num_things_classes={num_things},
        num_stuff_classes={num_stuff},
        loss_semantic=dict(top_ratio=1.0),  # all pixels; 0.2 for thousands of images
    ),
)
# Every image is seen {passes} times, {batch} in a batch; more may score better.
max_iters = {iters}
optim_wrapper = dict(
    optimizer=dict(lr={learning_rate}),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult={backbone_rate}))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=50, by_epoch=False),
    dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=max_iters, by_epoch=False),
]
train_cfg = dict(max_iters=max_iters, val_interval={interval})
default_hooks = dict(checkpoint=dict(interval={interval}))
'''
PISR = '''"""The base with PISR."""

_base_ = {base_name!r}
model = dict(
    type='mmpisr.PISRPanopticDeepLab',
    # num_instances: raise it if your images show more.
    relation=dict(type='mmpisr.PISR', {relation}),
)
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(relation=dict(lr_mult={relation_rate}))),
)
'''
