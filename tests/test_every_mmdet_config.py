"""Every panoptic config that the installed mmdet ships takes a relation and trains."""

import ast
import gc
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData

import mmpisr
from mmpisr.registry import MODELS

METRIC = 'CocoPanopticMetric'
SIZE = (64, 64)


def folder() -> Path:
    """Where mmdet's configs lie; mmdet itself is not imported to find that."""
    spec = importlib.util.find_spec('mmdet')
    return Path(spec.origin).parent / '.mim' / 'configs'


@cache
def names_the_metric(path: Path) -> bool:
    """Whether a config or one of its bases has the metric's name in its text.

    Only such a config can have the metric in its evaluator.
    """
    text = path.read_text(encoding='utf-8')
    return METRIC in text or any(map(names_the_metric, bases(path, text)))


def bases(path: Path, text: str) -> Iterator[Path]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets) == '_base_':
            names = ast.literal_eval(node.value)
            for name in [names] if isinstance(names, str) else names:
                base = path.parent / name
                if base.is_file():  # mmdet ships a few whose base it does not
                    yield base


def all_configs() -> list[Path]:
    return [p for p in sorted(folder().rglob('*.py')) if '_base_' not in p.parts]


def is_evaluated_as_panoptic(cfg: Config) -> bool:
    return METRIC in repr([cfg.get('val_evaluator'), cfg.get('test_evaluator')])


@cache
def panoptic_configs() -> list[Path]:
    """Parsed only where the text allows it: parsing all takes most of a minute."""
    candidates = filter(names_the_metric, all_configs())
    return [p for p in candidates if is_evaluated_as_panoptic(Config.fromfile(p))]


def params():
    """One test a config; large backbones are slow."""
    paths = panoptic_configs()
    for number, path in enumerate(paths, start=1):
        slow = 'swin' in path.stem or 'r101' in path.stem
        marks = [pytest.mark.slow] if slow else []
        yield pytest.param(
            path, id=f'{number}-of-{len(paths)}-{path.stem}', marks=marks
        )


def make_batch(num_things: int, num_stuff: int) -> dict:
    """One image: two things on stuff."""
    labels, boxes = torch.tensor([0, num_things - 1]), [(4, 4, 30, 40), (34, 8, 60, 60)]
    semantic = torch.full((1, *SIZE), num_things)
    semantic[:, SIZE[0] // 2 :] = num_things + num_stuff - 1
    masks = np.zeros((2, *SIZE), dtype=np.uint8)
    for mask, label, (left, top, right, bottom) in zip(
        masks, labels, boxes, strict=True
    ):
        mask[top:bottom, left:right] = 1
        semantic[:, top:bottom, left:right] = label

    shapes = dict.fromkeys(['img_shape', 'ori_shape'], SIZE)
    sample = DetDataSample(metainfo=dict(shapes, scale_factor=(1.0, 1.0)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32),
        labels=labels,
        masks=BitmapMasks(masks, *SIZE),
    )
    sample.gt_sem_seg = PixelData(sem_seg=semantic)
    image = torch.randint(256, (3, *SIZE), dtype=torch.uint8)
    return dict(inputs=[image], data_samples=[sample])


def small(model: dict) -> dict:
    """No checkpoint for the backbone, and no padding to the crop of training.

    Mask2Former's data preprocessor would pad every image to 1024 x 1024.
    """
    model['backbone']['init_cfg'] = None
    model['data_preprocessor']['batch_augments'] = None
    return model


@pytest.fixture(autouse=True)
def free_memory():
    """One large model at a time."""
    yield
    gc.collect()


def test_there_are_panoptic_configs(record_property):
    count = len(panoptic_configs())
    record_property('panoptic configs of mmdet', count)

    assert count > 0


@pytest.mark.slow
@pytest.mark.filterwarnings('ignore')
def test_no_other_config_is_evaluated_as_panoptic():
    def parses_as_panoptic(path):
        try:
            return is_evaluated_as_panoptic(Config.fromfile(path))
        except (ImportError, FileNotFoundError):  # of an optional package, or a base
            return names_the_metric(path)

    assert list(filter(parses_as_panoptic, all_configs())) == panoptic_configs()


@pytest.mark.parametrize('path', list(params()))
def test_a_config_takes_a_relation_trains_one_step_and_predicts(path):
    torch.manual_seed(0)
    base = Config.fromfile(path)
    init_default_scope(base.default_scope)
    names = {name for name, _ in MODELS.build(small(base.model)).named_parameters()}
    cfg = mmpisr.add_relation(path)

    model = MODELS.build(small(cfg.model))
    model.init_weights()
    new = {name: p for name, p in model.named_parameters() if name not in names}
    data = model.data_preprocessor(
        make_batch(model.num_things_classes, model.num_stuff_classes), training=True
    )
    total, logs = model.train().parse_losses(model(**data, mode='loss'))
    total.backward()

    assert all(value.isfinite() for value in logs.values())
    assert any(name.startswith('intermediate.') for name in logs)
    assert new
    assert [n for n, p in new.items() if p.grad is None or not p.grad.any()] == []

    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    optim_wrapper.step()
    batch = make_batch(model.num_things_classes, model.num_stuff_classes)
    (sample,) = model.eval().test_step(batch)

    assert sample.pred_panoptic_seg.sem_seg.shape == (1, *SIZE)
