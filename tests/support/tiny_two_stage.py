"""A tiny Panoptic-FPN with a relation, its base, and batches for both."""

from copy import deepcopy
from pathlib import Path

import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData

from mmpisr.registry import MODELS

THINGS, STUFF, SIZE, CHANNELS = 2, 3, (64, 96), 64
SMALL = {
    'backbone.stem_channels': 8,
    'backbone.base_channels': 8,
    'neck.in_channels': [8, 16, 32, 64],
    'relation.num_instances': 4,
    'test_cfg.rcnn.score_thr': 0.05,
    'test_cfg.rpn.max_per_img': 30,
    'roi_head.bbox_head.num_classes': THINGS,
    'roi_head.mask_head.num_classes': THINGS,
    **{
        f'{head}.{kind}_classes': number
        for head in ('semantic_head', 'panoptic_fusion_head')
        for kind, number in (('num_things', THINGS), ('num_stuff', STUFF))
    },
}


def tiny_config(repo: Path) -> ConfigDict:
    cfg = Config.fromfile(
        repo / 'configs/pisr/pisr_panoptic-fpn_r18_1200-iter_scenes.py'
    )
    init_default_scope(cfg.default_scope)
    cfg.merge_from_dict({f'model.{name}': value for name, value in SMALL.items()})
    return cfg.model


def cascade(cfg):
    """The same model with two stages of boxes and masks."""
    cfg = deepcopy(cfg)
    roi_head = cfg.roi_head
    roi_head.update(
        type='mmdet.CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5]
    )
    roi_head.bbox_head.reg_class_agnostic = True
    cfg.train_cfg.rcnn = [cfg.train_cfg.rcnn] * 2
    return cfg


def build(cfg, seed=0):
    torch.manual_seed(seed)
    return MODELS.build(deepcopy(cfg))


def build_base(cfg):
    cfg = deepcopy(cfg)
    del cfg['relation']
    return build({**cfg, 'type': 'mmdet.PanopticFPN'}, seed=1)


def make_sample(size=SIZE, boxes=((8, 8, 30, 30), (35, 10, 60, 45))) -> DetDataSample:
    generator = torch.Generator().manual_seed(0)
    sample = DetDataSample(
        metainfo=dict(img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0))
    )
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    sample.gt_instances = InstanceData(
        bboxes=boxes,
        labels=torch.arange(len(boxes)) % THINGS,
        masks=BitmapMasks(torch.ones(len(boxes), *size).byte().numpy(), *size),
    )
    labels = torch.randint(0, THINGS + STUFF, (1, *size), generator=generator)
    sample.gt_sem_seg = PixelData(sem_seg=labels)
    return sample


def make_batch(*sizes, **truth) -> dict:
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.randint(256, (3, *s), generator=generator) for s in sizes]
    return dict(
        inputs=[image.byte() for image in inputs],
        data_samples=[make_sample(size, **truth) for size in sizes],
    )


def losses_of(model, batch, seed=0):
    data = model.data_preprocessor(deepcopy(batch), training=True)
    torch.manual_seed(seed)  # proposals are sampled
    return model.train()(**data, mode='loss')


def fused(model, batch):
    """What the fusion head reads, and the panoptic map, of each image."""
    inputs = []
    fuse = model.panoptic_fusion_head.predict

    def spy(instances, seg_logits):
        inputs.append((deepcopy(instances), deepcopy(seg_logits)))
        return fuse(instances, seg_logits)

    model.panoptic_fusion_head.predict = spy
    with torch.no_grad():
        samples = model.eval().test_step(deepcopy(batch))
    del model.panoptic_fusion_head.predict
    panoptic = [sample.pred_panoptic_seg.sem_seg for sample in samples]
    return list(zip(*inputs[0], panoptic, strict=True))


def total(losses):
    parts = [p for v in losses.values() for p in (v if isinstance(v, list) else [v])]
    return sum(part for part in parts if part.requires_grad)
