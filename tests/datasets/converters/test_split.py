"""Conversion of one split: resumable, checked, whole or not at all."""

import errno
import json
from functools import partial

import numpy as np
import pytest

from mmpisr import files
from mmpisr.datasets.converters import ImageJob, convert_split
from mmpisr.datasets.segment_png import decode_segment_ids, encode_segment_ids

CATEGORIES = [
    dict(id=1, name='car', isthing=1),
    dict(id=7, name='road', isthing=0),
]


def two_segments(number):
    """Rows 0 and 1 are a road, the first pixel a car, the last row void."""
    ids = np.full((3, 4), 300 + number)
    ids[0, 0] = 1
    ids[2] = 0
    infos = [dict(id=1, category_id=1, iscrowd=0)]
    return ids, [*infos, dict(id=300 + number, category_id=7, iscrowd=0)]


def jobs_of(num, segments=two_segments):
    return [
        ImageJob(
            dict(id=i, file_name=f'{i}.jpg', height=3, width=4),
            f'{i}.png',
            partial(segments, i),
        )
        for i in range(num)
    ]


@pytest.fixture
def convert(tmp_path):
    """Convert jobs into ``tmp_path/{name}.json`` and a folder of that name."""

    def run(jobs, name='val', **options):
        options = dict(categories=CATEGORIES, workers=1) | options
        path = tmp_path / f'{name}.json'
        convert_split(jobs, json_path=path, png_folder=tmp_path / name, **options)
        return json.loads(path.read_text())

    return run


def interrupted(number):
    if number == 2:
        raise KeyboardInterrupt
    return two_segments(number)


def refuse_to_work(number):
    raise AssertionError(f'image {number} was converted again')


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_areas_and_boxes_are_those_of_the_map(convert, tmp_path):
    content = convert(jobs_of(1), info=dict(description='d'))

    assert content['info'] == dict(description='d')
    assert content['categories'] == CATEGORIES
    assert content['images'] == [dict(id=0, file_name='0.jpg', height=3, width=4)]
    assert content['annotations'] == [
        dict(
            image_id=0,
            file_name='0.png',
            segments_info=[
                dict(id=1, category_id=1, iscrowd=0, area=1, bbox=[0, 0, 1, 1]),
                dict(id=300, category_id=7, iscrowd=0, area=7, bbox=[0, 0, 4, 2]),
            ],
        )
    ]
    ids = decode_segment_ids((tmp_path / 'val/0.png').read_bytes())
    np.testing.assert_array_equal(ids, two_segments(0)[0])
    assert names(tmp_path) == ['val', 'val.json']


def test_a_split_without_images_is_an_empty_json(convert):
    content = convert([])

    assert content['images'] == content['annotations'] == []
    assert 'info' not in content


def test_two_processes_write_the_same_bytes(convert, tmp_path):
    convert(jobs_of(9), name='one')
    convert(jobs_of(9), name='two', workers=2)

    for name in names(tmp_path / 'one'):
        one, two = (tmp_path / split / name for split in ('one', 'two'))
        assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / 'one.json').read_bytes() == (tmp_path / 'two.json').read_bytes()


def test_the_style_of_the_json_is_the_callers(convert, tmp_path):
    convert(jobs_of(1), json_style=dict(sort_keys=True, indent=4))

    text = (tmp_path / 'val.json').read_text()
    assert text.startswith('{\n    "annotations": [')


def test_progress_is_shown(convert, capsys):
    convert(jobs_of(2))

    shown = capsys.readouterr().out
    assert 'Converting to' in shown
    assert '2/2' in shown
    assert 'Reading back: 2' in shown


def test_an_interrupted_run_goes_on_to_the_same_bytes(convert, tmp_path, capsys):
    convert(jobs_of(4), name='whole')
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted))
    assert not (tmp_path / 'val.json').exists()
    before = (tmp_path / 'val/0.png').stat().st_mtime_ns
    capsys.readouterr()

    convert(jobs_of(4))

    assert 'going on after 2 of 4 images' in capsys.readouterr().out
    assert (tmp_path / 'val/0.png').stat().st_mtime_ns == before
    whole = (tmp_path / 'whole.json').read_bytes()
    assert (tmp_path / 'val.json').read_bytes() == whole
    assert not (tmp_path / 'val.partial.jsonl').exists()


def test_a_torn_last_line_of_the_journal_is_done_again(convert, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted))
    journal = tmp_path / 'val.partial.jsonl'
    journal.write_bytes(journal.read_bytes()[:-20])

    assert len(convert(jobs_of(4))['annotations']) == 4


def test_a_journal_line_whose_png_is_gone_is_done_again(convert, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted))
    (tmp_path / 'val/0.png').unlink()

    convert(jobs_of(4))

    assert (tmp_path / 'val/0.png').is_file()


def test_a_journal_of_other_images_is_refused_naming_both(convert):
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted))

    with pytest.raises(ValueError, match=r'val\.partial\.jsonl: .*4 images.*3 images'):
        convert(jobs_of(3))


def test_a_journal_of_other_settings_is_refused_naming_both(convert):
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted), info=dict(size=[1, 2]))

    message = r"made with .*'size': \[1, 2\].* asked for is .*'size': \[3, 4\]"
    with pytest.raises(ValueError, match=message):
        convert(jobs_of(4), info=dict(size=(3, 4)))


def test_a_finished_split_is_kept_and_said_so(convert, capsys):
    convert(jobs_of(3), info=dict(size=(1, 2)))

    convert(jobs_of(3, refuse_to_work), info=dict(size=(1, 2)))

    assert 'val.json: kept, all 3 images are there' in capsys.readouterr().out


def test_only_the_missing_png_of_a_finished_split_is_made(convert, tmp_path):
    content = convert(jobs_of(3))
    (tmp_path / 'val/1.png').unlink()

    left_alone = jobs_of(3, refuse_to_work)
    assert convert([left_alone[0], jobs_of(3)[1], left_alone[2]]) == content
    assert (tmp_path / 'val/1.png').is_file()


def test_a_finished_split_of_other_images_is_refused(convert):
    convert(jobs_of(3))

    with pytest.raises(ValueError, match=r'val\.json: made with .*3 images.*2 images'):
        convert(jobs_of(2))


def test_a_json_that_is_no_split_is_not_overwritten(convert, tmp_path):
    (tmp_path / 'val.json').write_text('{"mine": 1}')

    with pytest.raises(ValueError, match=r"val\.json: has \['mine'\]"):
        convert(jobs_of(1))


def test_a_json_cut_in_half_is_named(convert, tmp_path):
    convert(jobs_of(1))
    path = tmp_path / 'val.json'
    path.write_text(path.read_text()[:40])

    with pytest.raises(ValueError, match=r'val\.json: not a complete json'):
        convert(jobs_of(1))


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
        patch.setattr('mmpisr.datasets.converters.split.encode_segment_ids', damaged)
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
    with pytest.raises(ValueError, match='2 jobs, but image id 0 occurs twice'):
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
        (unlisted, r'0\.png: .*in the map but not listed \[300\]'),
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
