"""PISR exactly as in Secs. 3.2 to 3.4 of the paper.

The paper does not give K, the channels and the radius: the defaults are kept. An
inheriting config uses both parts with ``model = dict(**_base_.pisr_literal)``; see
``configs/pisr/pisr-literal_panoptic-deeplab_r18_1200-iter_scenes.py``.
"""

pisr_literal = dict(
    relation=dict(
        type='mmpisr.PISR',
        normaliser='area',  # E = P F^T up to one scale
        feats_norm=False,
        encoding_norm=False,
        embed_categories=False,
        scores_from_confidence=False,
        mix_slots=True,
        scale_products=False,
        fusion='replace',
    ),
    heatmap_maker=dict(type='mmpisr.CenterOffsetHeatmaps', suppress='binary'),
)
