"""Pages: their links, lengths and code, and the files that GitHub reads."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page
    for pattern in ('*.md', '.github/*.md', 'docs/**/*.md', 'projects/**/*.md')
    for page in REPO.glob(pattern)
)
CODE = re.compile(r'^ *```.*?^ *```|`[^`\n]*`', re.DOTALL | re.MULTILINE)
LINK = re.compile(r'\]\(([^)\s]+)\)')
SCENES = 'pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r'^#+ (.*)$', CODE.sub('', page.read_text()), re.MULTILINE)
    return {re.sub(r'[^\w -]', '', t.lower()).replace(' ', '-') for t in titles}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_each_link_leads_to_a_file_and_to_a_heading_of_it(page):
    for link in LINK.findall(CODE.sub('', page.read_text())):
        if '://' in link:
            continue
        path, _, anchor = link.partition('#')
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize(
    ('page', 'lines'), [('README.md', 150), ('docs/architecture.md', 90)]
)
def test_pages_that_are_read_first_are_short(page, lines):
    assert len((REPO / page).read_text().splitlines()) <= lines


def test_each_path_on_the_page_of_the_architecture_exists():
    page = (REPO / 'docs/architecture.md').read_text()
    named = re.findall(r'`((?:mmpisr|configs|tools|projects)/[\w/.]*)`', page)

    assert len(named) > 10
    assert [path for path in named if not (REPO / path).exists()] == []


@pytest.mark.parametrize('name', ['architecture', 'relation'])
def test_the_drawn_figures_are_drawn_again(tmp_path, name):
    script = runpy.run_path(str(REPO / f'docs/figures/draw_{name}.py'))

    script['main'](tmp_path / 'a.svg')

    assert (tmp_path / 'a.svg').read_text().endswith('</svg>\n')


def test_the_citation_has_the_paper_and_what_its_format_needs():
    citation = yaml.safe_load((REPO / 'CITATION.cff').read_text())

    assert citation.keys() >= {'cff-version', 'message', 'title', 'authors'}
    paper = citation['preferred-citation']
    assert (paper['year'], paper['start'], paper['end']) == (2022, 1269, 1279)
    assert paper['authors'][0]['family-names'] == 'Borse'


def test_templates_of_issues_have_what_github_needs():
    for path in (REPO / '.github/ISSUE_TEMPLATE').glob('*.yml'):
        form = yaml.safe_load(path.read_text())
        assert form.keys() >= {'name', 'description', 'body'}
        ids = [field['id'] for field in form['body']]
        assert len(set(ids)) == len(ids)
