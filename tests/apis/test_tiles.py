import numpy as np
import pytest

from mmpisr.apis.tiles import TileGrid, join_maps


def cut(panoptic, grid):
    """Tiles of a map, each with instances of its own numbers."""
    maps = []
    for number, window in enumerate(grid.windows):
        tile = panoptic[window].copy()
        tile[tile >= 1000] += 1000 * (7 * number)
        maps.append(tile)
    return maps


@pytest.mark.parametrize('size', [(10, 10), (10, 25), (64, 100), (33, 10)])
@pytest.mark.parametrize(('tile', 'overlap'), [(10, 1), (10, 5), (16, 4)])
def test_each_pixel_is_owned_once_and_neighbours_overlap(size, tile, overlap):
    grid = TileGrid(size, tile, overlap)

    owners, seen = np.zeros((2, *size), int)
    for window, owned in zip(grid.windows, grid.owned, strict=True):
        owners[owned] += 1
        seen[window] += 1
        assert seen[window].shape <= (tile, tile)
    assert (owners == 1).all()
    for a, b in grid.neighbours:
        shared = [
            min(p.stop, q.stop) - max(p.start, q.start)
            for p, q in zip(grid.windows[a], grid.windows[b], strict=True)
        ]
        assert min(shared) >= overlap


def test_an_image_that_fits_is_one_tile():
    grid = TileGrid((10, 8), 10, 2)

    assert len(grid.windows) == 1
    assert grid.neighbours == []


def test_a_thing_cut_by_seams_is_one_segment_and_neighbours_stay_apart():
    panoptic = np.full((30, 30), 5)
    panoptic[:, 20:] = 6
    panoptic[2:28, 3:27] = 1000 + 1  # crosses every seam
    panoptic[4:20, 6:16] = 2000 + 1  # same class, inside of it
    panoptic[22:26, 5:8] = 3000
    grid = TileGrid((30, 30), 12, 4)

    joined = join_maps(cut(panoptic, grid), grid)

    both = panoptic.ravel().tolist(), joined.ravel().tolist()
    pairs = {*zip(*both, strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) == 5
    assert all(a % 1000 == b % 1000 for a, b in pairs)


def test_parts_of_two_classes_or_with_little_in_common_stay_apart():
    grid = TileGrid((4, 10), 6, 2)  # they share columns 4 and 5
    other_class = [np.full((4, 6), 1001), np.full((4, 6), 1002)]
    shifted = [np.full((4, 6), 5), np.full((4, 6), 5)]
    shifted[0][:2, 2:] = 1001
    shifted[1][1:, :4] = 1001  # shares one of four rows

    for maps in (other_class, shifted):
        joined = join_maps(maps, grid)
        assert len(np.unique(joined[joined >= 1000])) == 2


def test_maps_without_things_are_joined():
    grid = TileGrid((4, 10), 6, 2)

    joined = join_maps([np.full((4, 6), 3), np.full((4, 6), 19)], grid)

    assert joined[0].tolist() == [3] * 5 + [19] * 5


@pytest.mark.parametrize('overlap', [0, 6, -1])
def test_an_overlap_of_nothing_or_of_more_than_half_is_refused(overlap):
    with pytest.raises(ValueError, match=f'overlap is {overlap} and tile 10'):
        TileGrid((20, 20), 10, overlap)
