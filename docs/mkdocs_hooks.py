"""What the site has beside the pages in ``docs``; MkDocs calls the ``on_`` functions.

Every page must also read well on GitHub. There, links leave ``docs``, ``api.md`` has
names only, and ``troubleshooting.md`` has no list of all messages.
"""

import posixpath
import re
from pathlib import Path

from error_messages import list_messages
from mkdocs.structure.files import File

REPO = Path(__file__).resolve().parents[1]
PAGES_OUTSIDE = 'CHANGELOG.md', 'CONTRIBUTING.md', 'projects/evidence/**/*.md'
PICTURES_OUTSIDE = ('projects/evidence/**/*.svg',)
CODE = re.compile(r'^ *```.*?^ *```', re.DOTALL | re.MULTILINE)
LINK = re.compile(r'(!?)\[([^\]]*)\]\(([^)\s]+)\)')
API_ROW = re.compile(r'^\| `(mmpisr\.[\w.]+)` \|', re.MULTILINE)
ROLE = re.compile(r':(?:attr|class|func|meth|mod):<code>~?(?:[\w.]*\.)?(\w+)</code>')


def on_files(files, config):
    """Add the pages outside of ``docs``, by their path in the repository."""
    for pattern in (*PAGES_OUTSIDE, *PICTURES_OUTSIDE):
        for path in sorted(REPO.glob(pattern)):
            name = path.relative_to(REPO).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Correct links that leave ``docs``; add what is generated."""
    markdown = outside_code(markdown, lambda text: correct_links(text, page, files))
    if page.file.src_uri == 'api.md':
        return '\n## '.join(map(add_reference, markdown.split('\n## ')))
    if page.file.src_uri == 'troubleshooting.md':
        return markdown + '\n' + list_messages(REPO)
    return markdown


def on_page_content(html, page, config, files):
    """Show names that docstrings mention in Sphinx' notation as code."""
    return ROLE.sub(r'<code>\1</code>', html)


def outside_code(markdown: str, change) -> str:
    """Change a page's text, and leave its code as it is."""
    parts, end = [], 0
    for code in CODE.finditer(markdown):
        parts += [change(markdown[end : code.start()]), code[0]]
        end = code.end()
    return ''.join([*parts, change(markdown[end:])])


def correct_links(text: str, page, files) -> str:
    """Make links relative to the site; one to other files becomes its text."""
    inside = page.file.generated_by is None
    folder = posixpath.dirname(page.file.src_uri)

    def correct(link: re.Match) -> str:
        image, label, (path, hash_, anchor) = link[1], link[2], link[3].partition('#')
        if not path or '://' in path:
            return link[0]
        target = posixpath.normpath(
            posixpath.join('docs' * inside, folder, path)
        ).removeprefix('docs/')
        if not files.get_file_from_path(target) and is_outside(target):
            return label
        relative = posixpath.relpath(target, folder or '.')
        return f'{image}[{label}]({relative}{hash_}{anchor})'

    return LINK.sub(correct, text)


def is_outside(target: str) -> bool:
    """Whether a path is in the repository and not in ``docs``."""
    return (REPO / target).exists()


def add_reference(section: str) -> str:
    """Link the names in the first column of a table to their docstrings below it."""
    names = API_ROW.findall(section)
    directives = ''.join(f'\n::: {name}\n' for name in names)
    return API_ROW.sub(r'| [`\1`][\1] |', section) + directives + '\n' * bool(names)
