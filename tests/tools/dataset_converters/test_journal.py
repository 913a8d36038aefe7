"""The journal of a conversion: torn lines, other headings."""

import pytest
from converters.journal import Journal

HEADING = dict(images='2 images', info=dict(size=(1, 2)))


@pytest.fixture
def path(tmp_path):
    journal = Journal(tmp_path / 'val.partial.jsonl', heading=HEADING)
    journal.start([])
    for image_id in (1, 2):
        journal.add(dict(image_id=image_id))
    return journal.path


def ids(journal):
    return [entry['image_id'] for entry in journal.entries]


def test_entries_are_read_back_in_their_order(path):
    assert ids(Journal(path, heading=HEADING)) == [1, 2]


@pytest.mark.parametrize(('cut', 'left'), [(1, [1]), (2, [1]), (16, [1]), (30, [])])
def test_a_torn_last_line_is_dropped_and_the_file_mended(path, cut, left):
    path.write_bytes(path.read_bytes()[:-cut])

    journal = Journal(path, heading=HEADING)
    journal.start(journal.entries)
    journal.add(dict(image_id=3))

    assert ids(Journal(path, heading=HEADING)) == [*left, 3]


def test_another_heading_is_refused_with_the_fields_that_differ(path):
    other = dict(HEADING, images='3 images')

    message = r"jsonl: made with \{'images': '2 images'\}, but .*'3 images'\}; remove"
    with pytest.raises(ValueError, match=message):
        Journal(path, heading=other)


def test_a_journal_that_is_not_there_is_empty(tmp_path):
    assert Journal(tmp_path / 'a.jsonl', heading=HEADING).entries == []
