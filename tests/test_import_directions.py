"""Imports between the parts of mmpisr point in one direction, from later to earlier."""

import ast
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
LAYERS = (
    'files json_lines output_names class_lists command_line registry mim check_env',
    'models.relations models.heatmaps models.losses',
    'models.panoptic_deeplab models.upernet',
    'models.hosts models.tta',
    'datasets',
    'evaluation',
    'visualization families',
    'engine submissions',
    'apis',
)
LAYER = {part: index for index, parts in enumerate(LAYERS) for part in parts.split()}
EXCEPT = {
    'mmpisr/__init__.py',  # gives `add_relation` of the families when asked for
    'mmpisr/models/__init__.py',
    'mmpisr/datasets/validation/command.py',  # only a tool imports it
}
FILES = [
    path
    for path in sorted(REPO.glob('mmpisr/**/*.py'))
    if path.relative_to(REPO).as_posix() not in EXCEPT
]


def part_of(module: str) -> str:
    """Part that a module of mmpisr belongs to: a file or a folder."""
    names = module.split('.')
    return '.'.join(names[1:3] if names[1:2] == ['models'] else names[1:2])


def imported_modules(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports, inside functions too."""
    package = path.relative_to(REPO).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = '.'.join([*above, *([node.module] if node.module else [])])
            found |= {f'{base}.{alias.name}' for alias in node.names}
    return found


def test_each_file_imports_its_own_part_or_earlier_ones():
    later = []
    for path in FILES:
        own = part_of('.'.join(path.relative_to(REPO).with_suffix('').parts))
        parts = {part_of(m) for m in imported_modules(path) if m.startswith('mmpisr.')}
        later += [f'{path}: {p}' for p in parts if LAYER.get(p, -1) > LAYER[own]]

    assert later == []


@pytest.mark.parametrize(
    ('folder', 'forbidden'),
    [
        ('mmpisr/models/relations', {'mmdet', 'mmcv', 'pandas', 'matplotlib'}),
        ('mmpisr', {'evidence', 'pandas', 'converters', 'scenes', 'speed', 'tools'}),
    ],
)
def test_a_folder_has_no_import_of(folder, forbidden):
    for path in (REPO / folder).rglob('*.py'):
        found = {module.partition('.')[0] for module in imported_modules(path)}
        assert found & forbidden == set(), path
