import pytest
import torch
import torch.nn.functional as F

from mmpisr.models.panoptic_deeplab import HardPixelCrossEntropy


def hard_pixel_cross_entropy(logits, labels, weights=None, *, top_ratio=0.2):
    return HardPixelCrossEntropy(top_ratio=top_ratio)(logits, labels, weights)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator, requires_grad=True)
    return logits, torch.randint(3, (2, 4, 5), generator=generator)


def test_the_worst_pixels_of_the_whole_batch_are_averaged():
    # two classes; the loss of logit difference d against the label is log(1 + e^d)
    wrong_by = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, -1.0, -2.0, 0.0, 0.0, 0.0])
    logits = torch.stack([torch.zeros(10), wrong_by]).T.reshape(2, 5, 2, 1)
    labels = torch.zeros(2, 5, 1, dtype=torch.long)

    loss = hard_pixel_cross_entropy(logits.transpose(1, 2), labels, top_ratio=0.2)

    expected = torch.log1p(torch.tensor([3.0, 4.0]).exp()).mean()
    torch.testing.assert_close(loss, expected)


def test_all_pixels_give_the_ordinary_weighted_mean(batch):
    logits, labels = batch
    weights = torch.full(labels.shape, 3.0)

    loss = hard_pixel_cross_entropy(logits, labels, weights, top_ratio=1.0)

    torch.testing.assert_close(loss, 3 * F.cross_entropy(logits, labels))


def test_ignored_pixels_count_as_pixels_without_loss(batch):
    logits, labels = batch
    labels[:, :2] = 255

    loss = hard_pixel_cross_entropy(logits, labels, top_ratio=1.0)

    expected = F.cross_entropy(logits, labels, ignore_index=255) / 2
    torch.testing.assert_close(loss, expected)


def test_a_batch_without_labels_gives_an_attached_zero(batch):
    logits, labels = batch

    loss = hard_pixel_cross_entropy(logits, torch.full_like(labels, 255))
    loss.backward()

    assert loss == 0
    assert torch.count_nonzero(logits.grad) == 0


def test_gradient_reaches_the_chosen_pixels_only(batch):
    logits, labels = batch

    hard_pixel_cross_entropy(logits, labels, top_ratio=0.1).backward()

    assert (logits.grad.abs().sum(dim=1) > 0).sum() == 4


def test_half_precision_is_computed_in_float32(batch):
    logits, labels = batch
    assert hard_pixel_cross_entropy(logits.half(), labels).dtype == torch.float32


def test_loss_weight_scales(batch):
    one, two = HardPixelCrossEntropy(), HardPixelCrossEntropy(loss_weight=2.0)
    torch.testing.assert_close(2 * one(*batch), two(*batch))


@pytest.mark.parametrize('ratio', [0, -0.1, 1.5, 20])
def test_a_share_outside_of_0_to_1_is_refused(ratio):
    with pytest.raises(ValueError, match=str(ratio)):
        HardPixelCrossEntropy(top_ratio=ratio)


def padded(batch):
    """The batch with as many padded pixels, which have weight zero."""
    logits, labels = batch
    weights = F.pad(torch.full(labels.shape, 3.0), (0, 5))
    return F.pad(logits, (0, 5)), F.pad(labels, (0, 5), value=255), weights


@pytest.mark.parametrize('ratio', [0.2, 0.5, 1.0])
def test_padding_does_not_change_the_share(batch, ratio):
    weights = torch.full(batch[1].shape, 3.0)

    expected = hard_pixel_cross_entropy(*batch, weights, top_ratio=ratio)
    actual = hard_pixel_cross_entropy(*padded(batch), top_ratio=ratio)

    torch.testing.assert_close(actual, expected)


def test_padding_can_count_as_pixels_as_in_detectron2(batch):
    logits, labels, weights = padded(batch)
    losses = F.cross_entropy(logits, labels, ignore_index=255, reduction='none')
    expected = (losses * weights).flatten().topk(int(0.2 * 80)).values.mean()

    actual = HardPixelCrossEntropy(count_padding=True)(logits, labels, weights)

    torch.testing.assert_close(actual, expected)


def test_logits_of_a_smaller_map_are_resized(batch):
    logits, labels = batch
    labels = labels.repeat_interleave(2, 1).repeat_interleave(2, 2)
    large = F.interpolate(logits, (8, 10), mode='bilinear')

    torch.testing.assert_close(
        hard_pixel_cross_entropy(logits, labels),
        hard_pixel_cross_entropy(large, labels),
    )


def test_recomputed_losses_have_the_same_gradients_and_keep_no_large_logits(batch):
    _, labels = batch
    labels = labels.repeat_interleave(8, 1).repeat_interleave(8, 2)
    grads, kept = [], []
    for recompute in (False, True):
        logits = batch[0].detach().clone().requires_grad_()
        sizes = []

        def keep(tensor, sizes=sizes):
            sizes.append(tensor.numel() if tensor.is_floating_point() else 0)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = HardPixelCrossEntropy(recompute=recompute)(logits, labels)
        loss.backward()
        grads.append(logits.grad)
        kept.append(max(sizes))

    torch.testing.assert_close(*grads)
    assert kept[0] >= 3 * labels.numel() > 2 * kept[1]
