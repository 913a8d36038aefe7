"""What a conversion refuses, and what it leaves behind when it fails."""

import errno

import numpy as np
import pytest
from tiny_jobs import interrupted, jobs_of, names, two_segments

from mmpisr import files
from mmpisr.datasets.segment_png import encode_segment_ids


@pytest.mark.parametrize('writes', [1, 3, 5])
def test_a_full_disk_leaves_nothing_half_written(
    convert, tmp_path, monkeypatch, writes
):
    write_bytes, count = files.Path.write_bytes, []

    def fills(path, data):
        count.append(path)
        if len(count) > writes:
            write_bytes(path, data[:5])
            raise OSError(errno.ENOSPC, 'No space left on device')
        return write_bytes(path, data)

    convert(jobs_of(4), name='whole')
    with monkeypatch.context() as patch:
        patch.setattr(files.Path, 'write_bytes', fills)
        with pytest.raises(OSError, match='the disk is full'):
            convert(jobs_of(4))
    left = names(tmp_path / 'val')

    assert left == [f'{i}.png' for i in range(min(4, writes - 1))]
    assert not (tmp_path / 'val.json').exists()
    assert len(convert(jobs_of(4))['annotations']) == 4  # and goes on
    whole = (tmp_path / 'whole.json').read_bytes()
    assert (tmp_path / 'val.json').read_bytes() == whole


def test_a_png_that_reads_back_otherwise_is_named_and_made_again(
    convert, tmp_path, monkeypatch
):
    def damaged(ids):
        return encode_segment_ids(np.where(ids == 1, 300, ids))

    with monkeypatch.context() as patch:
        patch.setattr('converters.split.encode_segment_ids', damaged)
        with pytest.raises(ValueError, match=r'0\.png: segments are .* written were'):
            convert(jobs_of(1))

    assert not (tmp_path / 'val.json').exists()
    assert len(convert(jobs_of(1))['annotations']) == 1


def test_a_png_truncated_between_two_runs_is_named(convert, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted))
    path = tmp_path / 'val/0.png'
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(ValueError, match=r'0\.png: not a complete png.*truncated'):
        convert(jobs_of(4))


def test_workers_must_be_positive(convert):
    with pytest.raises(ValueError, match='workers must be at least 1, got 0'):
        convert(jobs_of(1), workers=0)


def test_doubled_images_are_refused(convert):
    with pytest.raises(ValueError, match=r'image id must be unique.*{0: 2}'):
        convert(jobs_of(1) * 2)


def wrong_size(number):
    ids, infos = two_segments(number)
    return ids[:2], infos


def unlisted(number):
    ids, infos = two_segments(number)
    return ids, infos[:1]


def doubled(number):
    ids, infos = two_segments(number)
    return ids, [*infos, infos[0]]


def unknown_category(number):
    ids, infos = two_segments(number)
    return ids, [infos[0], dict(infos[1], category_id=2)]


def too_large(number):
    ids, infos = two_segments(number)
    ids[0, 0] = 2**24
    return ids, [dict(infos[0], id=2**24), infos[1]]


@pytest.mark.parametrize(
    ('segments', 'message'),
    [
        (wrong_size, r'0\.png: segments are \(2, 4\) .* image 0 is \(3, 4\)'),
        (unlisted, r'0\.png: the png has ids that the json lacks: \[300\]'),
        (doubled, r'0\.png: segment ids occur twice in \[1, 1, 300\]'),
        (unknown_category, r'segment 300 has category_id 2, known are \[1, 7\]'),
        (too_large, 'a png holds 0 to 16777215'),
    ],
)
def test_segments_that_the_format_cannot_hold_are_refused(
    convert, tmp_path, segments, message
):
    with pytest.raises(ValueError, match=message):
        convert(jobs_of(1, segments))
    assert names(tmp_path / 'val') == []


def test_an_error_in_another_process_is_this_ones_and_the_run_goes_on(convert):
    jobs = jobs_of(12)
    faulty = [*jobs[:9], jobs_of(12, wrong_size)[9], *jobs[10:]]
    with pytest.raises(ValueError, match=r'9\.png: segments are \(2, 4\)'):
        convert(faulty, workers=2)

    assert len(convert(jobs, workers=2)['annotations']) == 12
