"""PISR as Secs. 3.2 to 3.4 write it; K, the channels and the radius are not public.

An inheriting config takes both parts, ``model = dict(**_base_.pisr_literal)``; see
``configs/pisr/pisr-literal_panoptic-deeplab_r18_1200-iter_scenes.py``.
"""

pisr_literal = dict(
    relation=dict(
        type='mmpisr.PISR',
        normaliser='area',  # E = P F^T up to one scale
        feats_norm=False,
        encoding_norm=False,
        category_embedding=False,
        confidence=False,
        mix_slots=True,
        scale_products=False,
        fusion='replace',
    ),
    heatmap_maker=dict(type='mmpisr.CenterOffsetHeatmaps', suppress='binary'),
)
