"""The documentation site: it builds without warnings, and is complete."""

import re
import subprocess
import sys
from importlib import import_module

import pytest

from mmpisr import registry


@pytest.fixture(scope='module')
def site(repo, tmp_path_factory):
    """The built site; a warning, such as one about a broken link, is an error."""
    pytest.importorskip('mkdocstrings_handlers.python', reason='needs the extra `docs`')
    pytest.importorskip('material', reason='needs the extra `docs`')
    out = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--site-dir', str(out)]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope='module')
def messages(repo):
    """Messages of all errors, from the source; values are expressions in braces."""
    sys.path.insert(0, str(repo / 'docs'))
    try:
        found = import_module('error_messages').read_messages(repo)
    finally:
        sys.path.pop(0)
    return [*found]


@pytest.mark.slow
def test_the_site_has_the_pages_and_what_is_generated(site):
    assert (site / 'index.html').is_file()
    assert 'Every pixel attends' in (site / 'design_decisions.html').read_text()
    assert (site / 'projects/evidence/results/index.html').is_file()
    api = (site / 'api.html').read_text()
    assert 'id="mmpisr.models.relations.pisr.PISR"' in api
    assert ':class:' not in api
    assert 'is there already; --force replaces' in text_of(
        site / 'troubleshooting.html'
    )


@pytest.mark.slow
def test_the_site_loads_nothing_from_other_servers(site):
    pattern = re.compile(r'<(?:script|link|img)[^>]*(?:src|href)="https?://[^"]*"')

    loaded = {
        tag
        for page in site.rglob('*.html')
        for tag in pattern.findall(page.read_text())
    }

    assert loaded == set()


def text_of(page):
    return re.sub(r'<[^>]+>', '', page.read_text())


def test_each_message_of_the_page_is_one_of_the_source(repo, messages):
    page = (repo / 'docs/troubleshooting.md').read_text()
    quoted = re.findall(r'^\| `([^`]+)` \| ', page, re.MULTILINE)
    texts = [' '.join(message.text.split()) for message in messages]

    assert len(quoted) > 40
    for quote in quoted:
        parts = [re.escape(part.strip()) for part in quote.split('...')]
        assert any(re.search('.*'.join(parts), text) for text in texts), quote


def test_the_list_has_each_error_that_says_something(repo, messages):
    """Found here in another way: by the source's lines."""
    listed = {(message.module, message.line) for message in messages}
    pattern = re.compile(r'^ +raise (?:ValueError|FileNotFoundError)\(f?[\'"]\w', re.M)

    for path in (repo / 'mmpisr').rglob('*.py'):
        source, module = path.read_text(), path.relative_to(repo).as_posix()
        for found in pattern.finditer(source):
            line = 1 + source.count('\n', 0, found.start())
            assert (module, line) in listed


def test_the_reference_has_every_registered_class_and_its_names_exist(repo):
    page = (repo / 'docs/api.md').read_text()
    names = re.findall(r'^\| `(mmpisr\.[\w.]+)`', page, re.MULTILINE)
    for name in names:
        module, _, attribute = name.rpartition('.')
        assert hasattr(import_module(module), attribute), name

    known = {name.rpartition('.')[2] for name in names}
    for one in vars(registry).values():
        if isinstance(one, registry.Registry) and one.scope == registry.SCOPE:
            one.import_from_location()
            classes = one.module_dict.items()  # other tests add classes of their own
            ours = {name for name, c in classes if c.__module__.startswith('mmpisr.')}
            assert ours
            assert ours <= known
