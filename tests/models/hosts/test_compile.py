"""Code of hosts compiles to one graph; only upstream code breaks graphs."""

import pytest
import torch
from tiny_hosts import build


@pytest.fixture(autouse=True)
def forgotten():
    torch._dynamo.reset()


def test_panoptic_deeplab_with_a_relation_is_one_graph():
    host = build('panoptic-deeplab', host=True).eval()
    images = torch.randn(1, 3, 64, 96)

    compiled = torch.compile(host._forward, fullgraph=True, backend='eager')

    torch.testing.assert_close(compiled(images), host._forward(images))


@pytest.mark.parametrize('family', ['maskformer', 'mask2former'])
def test_the_final_stage_of_a_query_host_is_one_graph(family):
    head = build(family, host=True).panoptic_head.eval()
    channels = head.cls_embed.in_features
    feats = torch.randn(1, head.relation.in_channels, 16, 24)
    queries, logits = torch.randn(1, 30, channels), torch.randn(1, 30, 20)
    masks = torch.randn(1, 30, 16, 24)

    compiled = torch.compile(head.forward_final, fullgraph=True, backend='eager')

    torch.testing.assert_close(
        compiled(queries, feats, logits, masks),
        head.forward_final(queries, feats, logits, masks),
    )
