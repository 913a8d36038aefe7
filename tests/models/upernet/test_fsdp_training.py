"""The config for FSDP on one CPU: one process, no shards, float32."""

import socket

import pytest
import torch
from mmdet.testing import demo_mm_inputs
from mmengine._strategy import FSDPStrategy
from mmengine.runner import FlexibleRunner
from torch import distributed
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    CheckpointWrapper,
)
from torch.distributed.fsdp import FullyShardedDataParallel

from mmpisr.apis.launch import build_runner
from mmpisr.apis.run_options import load_config
from mmpisr.models.upernet import PanopticUPerNet

CONFIG = 'configs/upernet/upernet_swin-l_270k_fsdp_coco.py'


@pytest.fixture
def one_process(monkeypatch):
    """The environment that ``torch.distributed.launch`` gives a single process."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    values = dict(RANK=0, LOCAL_RANK=0, WORLD_SIZE=1, MASTER_PORT=port)
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv('MASTER_ADDR', '127.0.0.1')
    yield
    if distributed.is_initialized():
        distributed.destroy_process_group()


@pytest.fixture
def runner(one_process, repo, tmp_path):
    """The config's runner, for the smallest Swin there is."""
    cfg = load_config(str(repo / CONFIG), work_dir=str(tmp_path), launcher='pytorch')
    cfg.model.backbone.update(
        embed_dims=24,
        depths=(1, 1, 1, 1),
        num_heads=(1, 2, 3, 4),
        window_size=4,
        init_cfg=None,
    )
    cfg.model.neck.in_channels = [24, 48, 96, 192]
    cfg.model.roi_head.bbox_head.fc_out_channels = 32
    cfg.strategy.model_wrapper.device_id = torch.device('cpu')
    cfg.optim_wrapper.type = 'OptimWrapper'  # the mixed-precision one asks for a GPU
    cfg.optim_wrapper.pop('loss_scale')
    return build_runner(cfg)


@pytest.mark.slow
def test_blocks_are_sharded_and_recomputed_and_a_step_trains_them(runner, tmp_path):
    assert isinstance(runner, FlexibleRunner)
    strategy = runner.strategy
    assert isinstance(strategy, FSDPStrategy)
    model, optim_wrapper = strategy.prepare(
        runner.model, optim_wrapper=runner.optim_wrapper
    )
    assert isinstance(model.module, PanopticUPerNet)
    for kind, count in {FullyShardedDataParallel: 5, CheckpointWrapper: 4}.items():
        assert sum(isinstance(m, kind) for m in model.modules()) == count, kind
    block = model.module.backbone.stages[0].blocks[0]
    before = [parameter.detach().clone() for parameter in block.parameters()]
    batch = demo_mm_inputs(
        2,
        [(3, 64, 96), (3, 50, 70)],
        num_items=[2, 1],
        num_classes=80,
        with_mask=True,
        with_semantic=True,
    )

    logs = model.train_step(batch, optim_wrapper)
    samples = model.eval().test_step(batch)

    assert logs['loss'].isfinite()
    moved = zip(before, block.parameters(), strict=True)
    assert all(not torch.equal(old, new) for old, new in moved)
    assert samples[1].pred_panoptic_seg.sem_seg.shape == (1, 50, 70)
    strategy.save_checkpoint(str(tmp_path / 'iter_1.pth'))
    saved = torch.load(tmp_path / 'iter_1.pth', weights_only=False)['state_dict']
    assert 'backbone.stages.0.blocks.0.norm1.weight' in saved  # names as without FSDP
