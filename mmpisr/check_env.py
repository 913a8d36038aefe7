"""Report what the environment lacks, and the command that mends it.

Run ``python -m mmpisr.check_env``; the exit code is 1 when something needed is missing,
too old or cannot be imported. What is needed stands in the metadata of mmpisr, or in
the ``requirements`` of a checkout that is not installed; there is no second list.
"""

import shlex
import sys
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

NEEDED_EXTRAS = 'build', 'mminstall', ''
OPTIONAL_EXTRAS = 'nodeps', 'optional', 'evidence', 'tests'
DEEPER_IMPORTS = {'mmcv': 'mmcv.ops'}  # fails where mmcv was compiled for another torch
CORE = 'torch', 'onedl-mmengine'  # without these it is another environment
SETUP_ADVICE = 'run `make setup` in the checkout, and .venv/bin/python there'
PIP_FLAGS = {
    'onedl-mmcv': '--no-build-isolation ',
    'panopticapi-lite': '--no-deps ',
    'cityscapesscripts': '--no-deps ',
}


class Row(NamedTuple):
    """One package: what is there, what should be, and what mends it."""

    name: str
    found: str
    needed: str
    status: str
    command: str = ''
    is_optional: bool = False


def requirements() -> Iterator[tuple[Any, str]]:
    """Yield each requirement of mmpisr with the extra that it belongs to."""
    parse = _requirement_parser()
    seen = set()
    for extra in NEEDED_EXTRAS + OPTIONAL_EXTRAS:
        for requirement in map(parse, _requirement_lines(extra)):
            if requirement.name not in seen:
                seen.add(requirement.name)
                yield requirement, extra


def _requirement_lines(extra: str) -> list[str]:
    try:
        declared = metadata.requires('mmpisr') or []
    except metadata.PackageNotFoundError:
        folder = Path(__file__).resolve().parents[1] / 'requirements'
        lines = (folder / f'{extra or "runtime"}.txt').read_text().splitlines()
        return [line for line in lines if line and not line.startswith('#')]
    split = [line.partition(';') for line in declared]
    return [
        spec
        for spec, _, marker in split
        if (f'"{extra}"' in marker if extra else 'extra' not in marker)
    ]


def _requirement_parser() -> Any:
    """Find ``packaging``, at worst the copy that pip carries."""
    try:
        return import_module('packaging.requirements').Requirement
    except ImportError:
        return import_module('pip._vendor.packaging.requirements').Requirement


def inspect(requirement: Any, extra: str = '') -> Row:
    """Compare one requirement with what is installed and try to import it."""
    name, needed = requirement.name, str(requirement.specifier) or 'any'
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        found, status = '-', 'missing'
    else:
        status = _compare(requirement.specifier, found)
        if status == 'ok' and extra in NEEDED_EXTRAS:
            status = _try_import(name)
    command = '' if status == 'ok' else _mend(requirement, status)
    return Row(name, found, needed, status, command, extra in OPTIONAL_EXTRAS)


def _compare(specifier: Any, found: str) -> str:
    if specifier.contains(found, prereleases=True):
        return 'ok'
    failed = [part for part in specifier if not part.contains(found, prereleases=True)]
    is_old = any(part.operator in ('>=', '>', '~=', '==') for part in failed)
    below = all(_version_key(found) < _version_key(part.version) for part in failed)
    return 'too old' if is_old and below else 'too new'


def _version_key(version: str) -> tuple[int, ...]:
    digits = version.partition('+')[0].split('.')
    return tuple(int(part) if part.isdigit() else -1 for part in digits)


def _try_import(name: str) -> str:
    """Import a distribution's module; any exception counts, whatever its kind."""
    module = _module_name(name)
    try:
        import_module(DEEPER_IMPORTS.get(module, module))
    except (Exception, SystemExit) as error:
        reason = str(error).strip().splitlines()
        return f'broken: {type(error).__name__}: {reason[0] if reason else ""}'
    return 'ok'


def _module_name(distribution: str) -> str:
    files = metadata.files(distribution) or []
    packages = [f.parts[0] for f in files if f.parts[1:] == ('__init__.py',)]
    return distribution if distribution in packages else (packages or [distribution])[0]


def _mend(requirement: Any, status: str) -> str:
    force = '--force-reinstall --no-deps ' if status.startswith('broken') else ''
    if force and requirement.name == 'onedl-mmcv':
        force += '--no-cache-dir --no-binary onedl-mmcv '
    flags = force + PIP_FLAGS.get(requirement.name, '')
    spec = shlex.quote(f'{requirement.name}{requirement.specifier}')
    return f'{shlex.quote(sys.executable)} -m pip install {flags}{spec}'


def report(rows: list[Row]) -> str:
    """Lay out the table, and under it the commands in the order to run them."""
    cells = [('package', 'found', 'needed', 'status')]
    for row in rows:
        note = ' (optional)' if row.is_optional and row.status != 'ok' else ''
        cells.append((row.name, row.found, row.needed, row.status + note))
    widths = [max(len(line[i]) for line in cells) for i in range(3)]
    lines = [
        '  '.join([*(c.ljust(w) for c, w in zip(line, widths, strict=False)), line[3]])
        for line in cells
    ]
    for title, is_optional in ('To mend it:', False), ('Optional:', True):
        commands = [
            r.command for r in rows if r.command and r.is_optional == is_optional
        ]
        lines += ['', title, *commands] if commands else []
    return '\n'.join(lines)


def outside(rows: list[Row]) -> str:
    """Say that this Python is not the environment, where it lacks what all rests on."""
    core = [
        name for name in CORE if any(r.name == name and r.found == '-' for r in rows)
    ]
    if not core:
        return ''
    root = Path(__file__).resolve().parents[1]
    own = root / '.venv' / 'bin' / 'python'
    made = f'Run {own} -m mmpisr.check_env' if own.is_file() else 'Make one'
    return (
        f'{sys.executable} is outside the environment of mmpisr: it has no '
        f'{" and no ".join(core)}. {made} (`make setup` in {root} makes .venv), or '
        'install into this Python with the commands below.'
    )


def main() -> int:
    """Print the report; 1 if anything needed is wrong."""
    try:
        rows = [inspect(requirement, extra) for requirement, extra in requirements()]
    except ImportError as error:  # neither packaging nor pip
        print(f'{sys.executable} cannot check itself ({error}); {SETUP_ADVICE}')
        return 1
    sentence = outside(rows)
    if sentence:
        print(sentence)
    print(f'Python {sys.version.split()[0]} at {sys.executable}')
    print(report(rows))
    return int(any(row.status != 'ok' and not row.is_optional for row in rows))


if __name__ == '__main__':
    sys.exit(main())
