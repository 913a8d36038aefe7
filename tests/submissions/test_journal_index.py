import pytest

from mmpisr.json_lines import JsonLines
from mmpisr.submissions.journal_index import JournalIndex


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'rank-000' / 'journal.jsonl'


def test_an_image_is_found_in_its_journal(path):
    journal = JsonLines(path)
    journal.append(dict(image_id=5, x=1))
    journal.append(dict(image_id='a', x=2))

    index = JournalIndex([path])

    assert len(index) == 2
    assert 5 in index
    assert 6 not in index
    assert index.entry('a') == (path.parent, dict(image_id='a', x=2))


def test_of_one_process_the_last_line_counts_and_of_several_the_first(tmp_path):
    paths = [tmp_path / name / 'journal.jsonl' for name in ('rank-000', 'rank-001')]
    for path, values in zip(paths, [(1, 2), (3,)], strict=True):
        for value in values:
            JsonLines(path).append(dict(image_id=5, x=value))

    folder, entry = JournalIndex(paths).entry(5)

    assert (folder.name, entry['x']) == ('rank-000', 2)


def test_a_line_that_is_no_entry_is_named(path):
    path.parent.mkdir()
    path.write_text('{"image_id": 1}\n{"id": 2}\n')

    with pytest.raises(
        ValueError, match=r"journal\.jsonl: line 2 .*'image_id'.*\"id\""
    ):
        JournalIndex([path])


def test_no_journal_means_no_image(path):
    assert len(JournalIndex([])) == len(JournalIndex([path])) == 0
