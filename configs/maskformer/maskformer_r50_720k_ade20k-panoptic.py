_base_ = [
    '../_base_/models/maskformer_r50.py',
    '../_base_/datasets/ade20k_panoptic.py',
    '../_base_/schedules/schedule_720k.py',
    '../_base_/default_runtime.py',
]
