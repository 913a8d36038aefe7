"""Which part of mmpisr may import which other part, and which framework."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

RELATIONS, HEATMAPS = 'models.relations', 'models.heatmaps'
PDL, UPERNET = 'models.panoptic_deeplab', 'models.upernet'
FILES = 'class_lists', 'files', 'json_lines', 'output_names', 'random_state', 'registry'
"""Single files that every part may import, and that import no part."""
EVERYTHING = ('*',)
MAY_IMPORT = {  # part: parts
    RELATIONS: (),
    HEATMAPS: (RELATIONS,),
    PDL: (HEATMAPS,),
    UPERNET: (HEATMAPS,),
    'models.hosts': (RELATIONS, HEATMAPS, PDL, UPERNET),
    'models.tta': (PDL,),
    'datasets': (),
    'evaluation': ('datasets',),
    'submissions': ('evaluation', 'datasets'),
    'visualization': ('evaluation', 'datasets', RELATIONS),
    'engine': ('evaluation', 'datasets', 'visualization', RELATIONS),
    'families': ('datasets', 'command_line', RELATIONS),
    'mmpisr': ('console', 'families', 'mim'),  # mmpisr/__init__.py
    'apis': EVERYTHING,
    **dict.fromkeys(
        (*FILES, 'mim', 'console', 'command_line', 'check_env', '__main__'), ()
    ),
}
FRAMEWORKS = 'mmdet', 'mmseg', 'mmcv'
WITHOUT_FRAMEWORKS = RELATIONS, 'files', 'registry', 'mim', 'check_env', '__main__'
NEVER = 'evidence', 'speed', 'converters', 'scenes', 'tools', 'pandas'
EXCEPTIONS = {
    ('mmpisr.models.relations.ocr', 'mmseg'): 'imported when an OCRRelation is built',
    ('mmpisr', 'apis'): 'imported when PanopticInferencer is used',
    ('mmpisr.datasets.validation.command', 'engine'): 'only tools/ imports the command',
}
"""Imports that the table does not allow, by module and part, and why they are there."""

ROOT = Path(__file__).resolve().parents[1]


def part_of(module: str) -> str:
    """The part of a module: ``models.hosts`` for ``mmpisr.models.hosts.query``."""
    names = module.split('.')[1:]
    return '.'.join(names[: 2 if names[:1] == ['models'] else 1]) or 'mmpisr'


def imports_of(source: str, package: Sequence[str]) -> Iterator[str]:
    """Modules that a file of a package imports, inside of functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = [*package][: len(package) - node.level + 1] if node.level else ()
            module = '.'.join([*above, *filter(None, [node.module])])
            if module in ('mmpisr', 'mmpisr.models'):  # a name may be a part
                yield from (f'{module}.{alias.name}' for alias in node.names)
            else:
                yield module


def edges(folder: str) -> Iterator[tuple[str, str]]:
    """Each file below a folder, as a module, with each module that it imports."""
    for path in sorted((ROOT / folder).rglob('*.py')):
        names = path.relative_to(ROOT).with_suffix('').parts
        for module in imports_of(path.read_text(), names[:-1]):
            yield '.'.join(names).removesuffix('.__init__'), module


def is_allowed(importer: str, module: str) -> bool:
    own = part_of(importer)
    allowed = MAY_IMPORT[own]
    package = module.partition('.')[0]
    if package in FRAMEWORKS:
        return own not in WITHOUT_FRAMEWORKS or (importer, package) in EXCEPTIONS
    if package in NEVER:
        return False
    if package != 'mmpisr' or allowed == EVERYTHING:
        return True
    other = part_of(module)
    return other in (own, *allowed, *FILES) or (importer, other) in EXCEPTIONS


def test_imports_point_in_the_directions_of_the_table():
    found = [edge for edge in edges('mmpisr') if not is_allowed(*edge)]
    assert not found, f'not in MAY_IMPORT: {found}'


def test_every_part_stands_in_the_table():
    paths = [*(ROOT / 'mmpisr').glob('*'), *(ROOT / 'mmpisr/models').glob('*')]
    files = [path for path in paths if path.suffix == '.py' or [*path.glob('*.py')]]
    modules = ['.'.join(path.relative_to(ROOT).with_suffix('').parts) for path in files]
    parts = {part_of(module.removesuffix('.__init__')) for module in modules}

    assert parts - {'models'} <= {*MAY_IMPORT}


def test_no_part_may_import_the_apis_which_may_import_everything():
    assert {'apis'} == {p for p, parts in MAY_IMPORT.items() if parts == EVERYTHING}
    assert not [part for part, others in MAY_IMPORT.items() if 'apis' in others]


def test_relative_and_local_imports_are_found():
    source = """
from . import a
from ..evaluation.measures import b
def function():
    from mmpisr import apis
    import mmdet.apis
"""
    found = imports_of(source, ('mmpisr', 'datasets', 'transforms'))

    assert [*found] == [
        'mmpisr.datasets.transforms',
        'mmpisr.datasets.evaluation.measures',
        'mmpisr.apis',
        'mmdet.apis',
    ]
