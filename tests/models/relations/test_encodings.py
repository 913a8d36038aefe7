import pytest
import torch

from mmpisr.models import relations
from mmpisr.models.relations import mask_sums, valid_area

FEATS = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 8.0]]]])
MASKS = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.5]]]])


def panoptic_encodings(feats, masks, *, pixel_mask=None, normaliser='mass'):
    area = valid_area(feats, pixel_mask) if normaliser == 'area' else None
    return relations.panoptic_encodings(mask_sums(feats, masks), area)


def mask_confidence(masks):
    return relations.mask_confidence(mask_sums(masks, masks))


def test_mass_gives_the_mean_under_the_mask():
    actual = panoptic_encodings(FEATS, MASKS, normaliser='mass')

    expected = torch.tensor([[[1.5, 0.0], [4.0, 8.0]]])
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


def test_area_gives_the_sum_over_the_number_of_pixels():
    actual = panoptic_encodings(FEATS, MASKS, normaliser='area')

    torch.testing.assert_close(actual, torch.tensor([[[0.75, 0.0], [0.5, 1.0]]]))


def test_area_counts_valid_pixels_only():
    pixels = torch.tensor([[[[True, True], [False, True]]]])

    actual = panoptic_encodings(FEATS, MASKS, pixel_mask=pixels, normaliser='area')

    torch.testing.assert_close(actual, torch.tensor([[[1.0, 0.0], [2 / 3, 4 / 3]]]))


def test_an_empty_mask_gives_zeros_and_finite_gradients():
    masks = torch.zeros(1, 2, 2, 2, requires_grad=True)

    encodings = panoptic_encodings(FEATS, masks)
    encodings.sum().backward()

    assert torch.equal(encodings, torch.zeros(1, 2, 2))
    assert masks.grad.isfinite().all()


def test_permuting_masks_permutes_encodings():
    torch.testing.assert_close(
        panoptic_encodings(FEATS, MASKS.flip(1)),
        panoptic_encodings(FEATS, MASKS).flip(1),
    )


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('normaliser', ['mass', 'area'])
def test_half_precision_is_within_one_percent_on_a_large_map(dtype, normaliser):
    feats = torch.randn(1, 8, 256, 512, generator=torch.Generator().manual_seed(0)) + 1
    masks = torch.zeros(1, 4, 256, 512)
    masks[0, 0] = 1.0  # full
    masks[0, 1] = 1e-4  # flat
    masks[0, 2, 100, 200] = 0.9  # tiny
    masks[0, 3, :, :256] = 0.5  # half
    half = feats.to(dtype).requires_grad_(), masks.to(dtype).requires_grad_()

    actual = panoptic_encodings(*half, normaliser=normaliser)
    expected = panoptic_encodings(feats, masks, normaliser=normaliser)
    actual.sum().backward()

    assert actual.dtype == torch.float32
    error = (actual - expected).norm(dim=2) / expected.norm(dim=2)
    assert (error < 0.01).all()
    assert all(part.grad.isfinite().all() for part in half)


def test_gradients_of_encodings_are_right():
    feats, masks = FEATS.double(), MASKS.double() + 0.1

    inputs = feats.requires_grad_(), masks.requires_grad_()
    assert torch.autograd.gradcheck(mask_sums, inputs)


def test_confidence_is_the_mean_of_a_mask_under_itself():
    masks = torch.tensor([[[[1.0, 1.0, 0.5, 0.0]], [[0.1] * 4], [[0.0] * 4]]])

    torch.testing.assert_close(mask_confidence(masks), torch.tensor([[0.9, 0.1, 0.0]]))


def test_confidence_does_not_depend_on_size_or_half_precision():
    edge = torch.linspace(-2, 2, 33)
    mask = torch.exp(-edge.square()[:, None] - edge.square())[None, None]
    large = torch.nn.functional.interpolate(mask, size=(330, 330), mode='bilinear')

    expected = mask_confidence(mask)

    torch.testing.assert_close(mask_confidence(large), expected, rtol=0.05, atol=0)
    torch.testing.assert_close(
        mask_confidence(large.half()), mask_confidence(large), rtol=1e-3, atol=0
    )


def test_an_empty_mask_has_a_finite_gradient_of_confidence():
    masks = torch.zeros(1, 2, 2, 2, requires_grad=True)

    mask_confidence(masks).sum().backward()

    assert masks.grad.isfinite().all()
