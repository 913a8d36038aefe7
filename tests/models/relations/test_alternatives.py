import torch


def test_ocr_and_convolution_do_not_read_instances(build, scene):
    for name in ('ocr', 'conv'):
        relation = build(name).eval()
        other = relation(scene.feats, scene.sem_probs, torch.zeros_like(scene.heatmaps))
        torch.testing.assert_close(relation(*scene).feats, other.feats)


def test_pisr_concatenation_and_product_read_instances(build, scene):
    for name in ('pisr', 'concat', 'product'):
        relation = build(name).eval()
        other = relation(scene.feats, scene.sem_probs, torch.zeros_like(scene.heatmaps))
        assert not torch.allclose(relation(*scene).feats, other.feats)


def test_the_convolution_does_not_read_predictions(build, scene):
    relation = build('conv').eval()
    other = relation(scene.feats, scene.sem_probs.flip(1), scene.heatmaps)
    torch.testing.assert_close(relation(*scene).feats, other.feats)


def test_the_product_is_the_product(build, scene):
    relation = build('product', fusion='replace')
    masks = torch.cat([scene.sem_probs, scene.heatmaps], dim=1)

    expected = relation.match(masks) * scene.feats

    torch.testing.assert_close(relation(*scene).feats, expected)


def test_ocr_gathers_the_mean_under_each_class(build, scene):
    relation = build('ocr').eval()
    contexts = []
    relation.gather.register_forward_hook(lambda *args: contexts.append(args[-1]))
    relation(*scene)

    feats, probs = relation.reduce(scene.feats).flatten(2), scene.sem_probs.flatten(2)
    expected = torch.einsum('bch,bnh->bcn', feats, probs) / probs.sum(2)[:, None]

    torch.testing.assert_close(contexts[0].squeeze(-1), expected, rtol=1e-3, atol=1e-4)
