import pytest
import torch

from mmpisr.models.heatmaps import (
    CenterOffsetHeatmaps,
    center_peaks,
    local_maxima,
    regression_heatmaps,
)


def two_peaks() -> torch.Tensor:
    center = torch.zeros(1, 1, 5, 7)
    center[0, 0, 1, 2] = 0.4
    center[0, 0, 3, 5] = 0.9
    return center


def test_peaks_come_best_first_in_y_x_order():
    peaks = center_peaks(two_peaks(), num_peaks=3)

    assert peaks.points[0, :2].tolist() == [[3, 5], [1, 2]]
    torch.testing.assert_close(peaks.scores, torch.tensor([[0.9, 0.4, 0.0]]))
    assert peaks.valid.tolist() == [[True, True, False]]


def test_a_lower_neighbour_of_a_peak_is_no_peak():
    center = two_peaks()
    center[0, 0, 3, 4] = 0.8

    assert center_peaks(center, num_peaks=3).valid.sum() == 2


@pytest.mark.parametrize('side', [1, 3, 7, 9])
def test_maxima_are_those_of_max_pooling(side):
    generator = torch.Generator().manual_seed(side)
    center = torch.randint(9, (2, 1, 6, 8), generator=generator) / 8  # many ties
    largest = torch.nn.functional.max_pool2d(center, side, 1, side // 2)
    expected = (center == largest) & (center > 0.3)

    actual = local_maxima(center, nms_kernel=side, threshold=0.3)

    torch.testing.assert_close(actual, expected)


def test_more_slots_than_pixels_stay_empty():
    peaks = center_peaks(torch.ones(2, 1, 1, 1), num_peaks=4)

    assert peaks.valid.tolist() == [[True, False, False, False]] * 2


def test_peaks_in_padding_take_no_slots_and_suppress_no_neighbour():
    center = two_peaks()
    center[0, 0, :, 6] = 2.0  # the last column is padding
    pixels = torch.ones(1, 5, 7, dtype=torch.bool)
    pixels[..., 6] = False

    peaks = center_peaks(center, pixels, num_peaks=2)

    assert peaks.points[0].tolist() == [[3, 5], [1, 2]]


def test_the_heatmap_falls_with_the_distance_to_the_peak():
    offset = torch.zeros(1, 2, 1, 4)
    offset[0, 1, 0, 3] = -3.0  # the last pixel regresses to (0, 0)

    heatmap = regression_heatmaps(torch.tensor([[[0, 0]]]), offset, radius=2.0)

    expected = torch.tensor([[[[1.0, 0.5, 0.0, 1.0]]]])
    torch.testing.assert_close(heatmap, expected, atol=1e-3, rtol=0)


def test_a_pixel_at_its_peak_has_a_finite_gradient():
    offset = torch.zeros(1, 2, 1, 1, requires_grad=True)

    regression_heatmaps(torch.tensor([[[0, 0]]]), offset, radius=2.0).sum().backward()

    assert offset.grad.isfinite().all()


def test_stuff_is_suppressed_and_an_empty_slot_is_zero():
    maker = CenterOffsetHeatmaps(radius=4.0)
    probs = torch.zeros(1, 3, 5, 7)  # two things, one stuff class
    probs[0, :, 3, 5] = torch.tensor([0.2, 0.3, 0.5])

    heatmaps, valid = maker(
        two_peaks(), torch.zeros(1, 2, 5, 7), probs, num_things=2, num_instances=3
    )

    assert heatmaps.shape == (1, 3, 5, 7)
    assert valid.tolist() == [[True, True, False]]
    torch.testing.assert_close(
        heatmaps[0, 0].max(), torch.tensor(0.5), atol=1e-3, rtol=0
    )
    assert not heatmaps[0, 0][probs[0, 0] == 0].any()
    assert not heatmaps[0, 2].any()


def test_binary_suppression_keeps_pixels_whose_best_class_is_a_thing():
    probs = torch.tensor([0.2, 0.3, 0.5]).view(1, 3, 1, 1).repeat(1, 1, 5, 7)
    probs[0, :, 3, 5] = torch.tensor([0.0, 0.6, 0.4])
    maker = CenterOffsetHeatmaps(suppress='binary', radius=4.0)
    offset = torch.zeros(1, 2, 5, 7)

    heatmaps, _ = maker(two_peaks(), offset, probs, num_things=2, num_instances=1)

    assert heatmaps.nonzero().tolist() == [[0, 0, 3, 5]]
    assert heatmaps.max() == 1


def test_no_peak_gives_empty_slots():
    maker = CenterOffsetHeatmaps()

    heatmaps, valid = maker(
        torch.zeros(1, 1, 2, 2),
        torch.zeros(1, 2, 2, 2),
        torch.ones(1, 1, 2, 2),
        num_things=1,
        num_instances=2,
    )

    assert not valid.any()
    assert not heatmaps.any()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'radius': 0}, 'radius.*0'),
        ({'suppress': 'hard'}, "'hard'"),
        ({'nms_kernel': 4}, 'odd.*4'),
    ],
)
def test_a_bad_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CenterOffsetHeatmaps(**options)
