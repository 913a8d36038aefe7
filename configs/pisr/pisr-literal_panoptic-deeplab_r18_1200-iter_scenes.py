"""PISR exactly as in the paper on the small Panoptic-DeepLab, on embedded scenes."""

_base_ = [
    './pisr_panoptic-deeplab_r18_1200-iter_scenes.py',
    '../_base_/relations/pisr_literal.py',
]
model = dict(**_base_.pisr_literal)
