"""Every family's small model, base and host, with data from its own pipeline."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from mmpisr.datasets import PanopticScenes
from mmpisr.models.relations import BaseRelation
from mmpisr.registry import MODELS, TRANSFORMS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NEW = {
    'panoptic-deeplab': {'relation', 'final_panoptic_head'},
    'panoptic-fpn': {'relation', 'final_roi_head', 'final_semantic_head'},
    'upernet': {'relation', 'final_roi_head', 'final_semantic_head'},
    'maskformer': {
        'panoptic_head.relation',
        'panoptic_head.query_refresh',
        'panoptic_head.final_cls_embed',
        'panoptic_head.final_mask_embed',
    },
}
NEW['mask2former'] = NEW['maskformer']
SIZES = ((64, 96), (50, 70))  # both are padded to the first one
NUM_THINGS = 8
VARIED = ('fc_cls', 'predictor', 'conv_logits', 'cls_embed', 'mask_embed.4')


def load_config(family: str, *, host: bool) -> Config:
    """Config of the family's small model, such that random weights detect something."""
    folder, prefix = ('pisr', 'pisr_') if host else (family.replace('-', '_'), '')
    name = f'{prefix}{family}_r18_1200-iter_scenes.py'
    cfg = Config.fromfile(CONFIGS / folder / name)
    cfg.model.data_preprocessor.pad_size_divisor = 32
    test_cfg = cfg.model.test_cfg
    if 'rcnn' in test_cfg:
        test_cfg.rcnn.update(score_thr=0.15, max_per_img=10)
    if 'iou_thr' in test_cfg:
        test_cfg.update(object_mask_thr=0.1, iou_thr=0.1)
    return cfg


def build(family: str, *, host: bool, seed: int = 0) -> nn.Module:
    """Build a small model whose random weights give a varied picture."""
    cfg = load_config(family, host=host)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(seed)
    model = MODELS.build(cfg.model)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if name.endswith(VARIED):
            nn.init.normal_(module.weight, std=0.3)
        if name.endswith(('query_embed', 'query_feat')):
            nn.init.normal_(module.weight, std=5)
    if family == 'panoptic-deeplab':
        # with other statistics one class wins every pixel
        data = model.data_preprocessor(make_batch(family, *SIZES), training=True)
        update_bn([data['inputs']], model)
    return model


def save(family: str, folder: Path, *, host: bool) -> list[str]:
    """Write a checkpoint of the small model; config and checkpoint."""
    name = f'{"pisr_" * host}{family}_r18_1200-iter_scenes'
    path = folder / f'{name}.pth'
    meta = dict(dataset_meta=PanopticScenes.METAINFO)
    torch.save(dict(state_dict=build(family, host=host).state_dict(), meta=meta), path)
    parent = 'pisr' if host else family.replace('-', '_')
    return [str(CONFIGS / parent / f'{name}.py'), str(path)]


def relation_of(host: nn.Module) -> BaseRelation:
    """The one relation of a host."""
    (relation,) = (m for m in host.modules() if isinstance(m, BaseRelation))
    return relation


def make_batch(family: str, *sizes: tuple[int, int], empty: bool = False) -> dict:
    """Random images with two things on two kinds of stuff, or with void only."""
    cfg = load_config(family, host=False)
    init_default_scope(cfg.default_scope)
    steps = [
        TRANSFORMS.build(step)
        for step in cfg.train_dataloader.dataset.pipeline
        if 'Load' not in step['type'] and 'Flip' not in step['type']
    ]
    samples = [make_results(size, empty=empty) for size in sizes]
    for step in steps:
        samples = [step(results) for results in samples]
    return {key: [sample[key] for sample in samples] for key in samples[0]}


def make_results(size: tuple[int, int], *, empty: bool) -> dict:
    """What a pipeline has loaded of one image; its noise depends on its size."""
    height, width = size
    noise = np.random.default_rng(size).integers(256, size=(height // 4, width // 4, 3))
    index_map = np.ones(size, dtype=np.uint16)
    index_map[height // 2 :] = 2
    index_map[8:40, 8:32] = 3
    index_map[20:44, 40:64] = 4
    labels = np.array([10, 15, 2, 5])
    return dict(
        img=np.resize(noise.repeat(4, 0).repeat(4, 1), (*size, 3)).astype(np.uint8),
        img_shape=size,
        ori_shape=size,
        num_classes=19,
        gt_seg_map=index_map * (not empty),
        segments=dict(
            labels=labels[: 0 if empty else 4],
            is_thing=(labels < NUM_THINGS)[: 0 if empty else 4],
            is_crowd=np.zeros(0 if empty else 4, dtype=bool),
        ),
    )


def losses_of(model: nn.Module, batch: dict) -> dict[str, Tensor]:
    """Named losses, the parts of each summed."""
    data = model.data_preprocessor(batch, training=True)
    losses = model(**data, mode='loss')
    return {
        name: sum(value) if isinstance(value, list) else value
        for name, value in losses.items()
        if 'loss' in name
    }


@torch.no_grad()
def predict(model: nn.Module, batch: dict) -> list[tuple[Tensor, ...]]:
    """Of each image the panoptic map, and the real numbers that it was made of."""
    fusion = getattr(model, 'panoptic_fusion_head', None)
    if fusion is None:
        samples = model.test_step(batch)
        numbers = model(**model.data_preprocessor(batch), mode='tensor')
    else:
        with patch.object(fusion, 'predict', wraps=fusion.predict) as spy:
            samples = model.test_step(batch)
        numbers = spy.call_args.args[:2]
    return [
        (sample.pred_panoptic_seg.sem_seg, *numbers_of(numbers, image))
        for image, sample in enumerate(samples)
    ]


def numbers_of(predictions: Sequence, image: int) -> Iterator[Tensor]:
    """One image's part of a batch of maps, logits or detections."""
    for of_batch in predictions:
        part = of_batch[image]
        if isinstance(part, InstanceData):
            yield from (part.scores, part.bboxes, part.labels)
        else:
            yield part
