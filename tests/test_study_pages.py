"""Every page under docs/results/ says what the kept records say."""

from pathlib import Path

import pytest

from mmpisr.studies.records import RunRecords
from mmpisr.studies.report import write_report
from mmpisr.studies.study_file import read_study

REPO = Path(__file__).resolve().parents[1]
RESULTS = REPO / 'docs' / 'results'
UNRECORDED = 'relations_scenes', 'relations_scenes_fresh_seeds'
"""Pages of runs that were made before records were kept."""
PATHS = [
    path
    for path in sorted((REPO / 'configs' / 'studies').glob('*.yaml'))
    if (RESULTS / path.stem).is_dir() and path.stem not in UNRECORDED
]


@pytest.mark.slow
@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_a_page_is_what_its_records_make(path, tmp_path):
    page = RESULTS / path.stem / 'README.md'

    records = RunRecords(RESULTS / 'runs')
    again = write_report(read_study(path), records=records, docs=tmp_path)

    assert again.read_text() == page.read_text()
    ours, theirs = ({p.name for p in f.iterdir()} for f in (tmp_path, page.parent))
    assert ours == theirs
