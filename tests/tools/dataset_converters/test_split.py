"""Conversion of one split: resumable, the same bytes, kept when finished."""

import numpy as np
import pytest
from tiny_jobs import CATEGORIES, interrupted, jobs_of, names, two_segments

from mmpisr.datasets.segment_png import decode_segment_ids


def refuse_to_work(number):
    raise AssertionError(f'image {number} was converted again')


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
    assert names(tmp_path) == ['val', 'val.inputs.json', 'val.json']


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

    shown = capsys.readouterr().err
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


def test_a_journal_of_other_settings_is_refused_naming_both(convert):
    with pytest.raises(KeyboardInterrupt):
        convert(jobs_of(4, interrupted), info=dict(size=[1, 2]))

    message = r"made with .*'info.size': \[1, 2\].* asked for is .*size': \[3, 4\]"
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


def test_other_classes_are_refused_naming_the_first_that_differs(convert):
    convert(jobs_of(1))
    renamed = [CATEGORIES[0], dict(CATEGORIES[1], name='street')]

    message = r"made with \{'categories\[1\]\.name': 'road'\}, .*'street'\}; remove"
    with pytest.raises(ValueError, match=message):
        convert(jobs_of(1), categories=renamed)


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
