"""Segment pngs: matching, and what is refused."""

import numpy as np
import pytest

from mmpisr.datasets.segment_png import encode_segment_ids
from mmpisr.datasets.transforms import LoadPanopticSegments
from mmpisr.datasets.transforms.loading import match_segment_ids

IDS = np.array([[0, 5, 5], [70_000, 5, 16_777_215]])


@pytest.fixture
def results(tmp_path):
    """What the dataset and the image loader give, with a matching png."""
    path = tmp_path / 'segments.png'
    path.write_bytes(encode_segment_ids(IDS))
    ids = [5, 16_777_215, 70_000]
    return dict(
        seg_map_path=str(path),
        height=2,
        width=3,
        ori_shape=(2, 3),
        segments_info=[
            dict(id=i, category=c, is_thing=c < 2, is_crowd=c == 1)
            for i, c in zip(ids, [4, 0, 1], strict=True)
        ],
    )


def test_ids_become_positions_plus_one():
    index_map = match_segment_ids(IDS, np.array([5, 16_777_215, 70_000]))

    assert index_map.dtype == np.uint16
    np.testing.assert_array_equal(index_map, [[0, 1, 1], [3, 1, 2]])


def test_an_image_of_void_has_no_segments():
    index_map = match_segment_ids(np.zeros((2, 2), int), np.array([], dtype=int))

    assert not index_map.any()


@pytest.mark.parametrize(
    ('ids', 'message'),
    [
        ([5, 70_000], r'json lacks: \[16777215\], .*png lacks: \[\]'),
        ([5, 70_000, 16_777_215, 9], r'json lacks: \[\], .*png lacks: \[9\]'),
    ],
)
def test_ids_that_do_not_match_are_named(ids, message):
    with pytest.raises(ValueError, match=message):
        match_segment_ids(IDS, np.array(ids))


def test_loading_adds_the_map_and_the_segments(results):
    loaded = LoadPanopticSegments()(results)

    np.testing.assert_array_equal(loaded['gt_seg_map'], [[0, 1, 1], [3, 1, 2]])
    assert loaded['segments']['labels'].tolist() == [4, 0, 1]
    assert loaded['segments']['is_thing'].tolist() == [False, True, True]
    assert loaded['segments']['is_crowd'].tolist() == [False, False, True]


def test_without_a_png_nothing_is_added():
    results = dict(img_path='a.png', seg_map_path=None)

    assert LoadPanopticSegments()(dict(results)) == results


@pytest.mark.parametrize('keep', [0, 8, 40])
def test_a_truncated_png_is_named(results, tmp_path, keep):
    (tmp_path / 'segments.png').write_bytes(encode_segment_ids(IDS)[:keep])

    with pytest.raises(
        ValueError, match=rf'segments.png: .*\({keep} bytes\).*truncated'
    ):
        LoadPanopticSegments()(results)


def test_a_wrong_id_names_the_png(results):
    results['segments_info'][0]['id'] = 6

    with pytest.raises(ValueError, match=r'segments.png: .*json lacks: \[5\]'):
        LoadPanopticSegments()(results)


@pytest.mark.parametrize(
    'change', [dict(height=4), dict(ori_shape=(2, 4)), dict(height=3, ori_shape=(3, 3))]
)
def test_another_size_than_the_image_or_the_json_is_refused(results, change):
    message = r'segments.png: .*png is \(2, 3\), of the image .*, in the json '
    with pytest.raises(ValueError, match=message):
        LoadPanopticSegments()(results | change)
