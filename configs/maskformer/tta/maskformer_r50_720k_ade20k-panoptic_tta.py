_base_ = [
    '../maskformer_r50_720k_ade20k-panoptic.py',
    '../../_base_/tta/query.py',
]
