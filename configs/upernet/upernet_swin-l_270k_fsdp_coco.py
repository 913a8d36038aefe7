"""UPerNet Swin-L on COCO with its Swin blocks sharded across GPUs (FSDP)."""

_base_ = './upernet_swin-l_270k_coco.py'

runner_type = 'FlexibleRunner'
strategy = dict(
    type='FSDPStrategy',
    model_wrapper=dict(
        type='MMFullyShardedDataParallel',
        auto_wrap_policy='mmpisr.models.upernet.sharding.wrap_swin_blocks',
        use_orig_params=True,  # paramwise_cfg needs it
    ),
    activation_checkpointing=dict(
        check_fn='mmpisr.models.upernet.sharding.is_swin_block'
    ),
    state_dict_cfg='full',  # one checkpoint, as without FSDP
)
model = dict(backbone=dict(with_cp=False))  # the strategy recomputes activations
