from mmdet.models.backbones import SwinTransformer
from mmdet.models.backbones.swin import SwinBlock

from mmpisr.models.upernet.sharding import is_swin_block, wrap_swin_blocks


def test_each_block_is_a_unit_and_all_modules_are_searched():
    backbone = SwinTransformer(
        embed_dims=8, depths=(1, 2, 1, 1), num_heads=(1, 1, 1, 1), window_size=2
    )
    modules = list(backbone.modules())

    blocks = [m for m in modules if wrap_swin_blocks(m, False, nonwrapped_numel=10**9)]

    assert len(blocks) == 5
    assert all(isinstance(block, SwinBlock) for block in blocks)
    assert all(wrap_swin_blocks(m, True, nonwrapped_numel=0) for m in modules)
    assert [m for m in modules if is_swin_block(m)] == blocks
