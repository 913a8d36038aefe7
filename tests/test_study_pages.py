"""Every page and table of a study says what the kept records say."""

import shutil
from pathlib import Path

import pytest

from mmpisr.studies.records import RunRecords
from mmpisr.studies.report import write_report
from mmpisr.studies.study_file import read_study

REPO = Path(__file__).resolve().parents[1]
RESULTS = REPO / 'docs' / 'results'
PATHS = [
    path
    for path in sorted((REPO / 'configs' / 'studies').glob('*.yaml'))
    if (RESULTS / path.stem).is_dir()
]
PAGES = REPO / 'README.md', *sorted((REPO / 'docs').glob('*.md'))
"""Where tables of studies may stand, beside their own pages."""


@pytest.mark.slow
@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_pages_and_tables_are_what_the_records_make(path, tmp_path):
    mark = f'<!-- study:{path.stem} -->'
    pages = [page for page in PAGES if mark in page.read_text()]
    copies = [tmp_path / page.relative_to(REPO) for page in pages]
    report = tmp_path / 'docs' / 'results' / path.stem
    report.mkdir(parents=True)
    for page, copy in zip(pages, copies, strict=True):
        shutil.copy(page, copy)

    records = RunRecords(RESULTS / 'runs')
    again = write_report(read_study(path), records=records, docs=report, into=copies)

    ours = RESULTS / path.stem
    assert again.read_text() == (ours / 'README.md').read_text()
    names, kept = ({p.name for p in folder.iterdir()} for folder in (report, ours))
    assert names == kept
    for page, copy in zip(pages, copies, strict=True):
        assert copy.read_text() == page.read_text()
