"""Report which packages are missing or wrong, and the commands that fix them.

Run ``mmpisr check-env`` or ``python -m mmpisr.check_env``. The exit code is 1 if a
needed package is missing, too old, too new, or cannot be imported. The requirements
come from the metadata of the installed mmpisr, or from ``requirements/`` of a checkout
that is not installed.
"""

import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

NEEDED_EXTRAS = 'build', 'mminstall', ''
OPTIONAL_EXTRAS = 'nodeps', 'optional', 'web', 'evidence', 'tests'
CORE = 'torch', 'onedl-mmengine'  # in every environment that was made for mmpisr
ROOT = Path(__file__).resolve().parents[1]
SETUP = f'run `make setup` in {ROOT} and use .venv/bin/python there'


class Row(NamedTuple):
    """One package: the version found, the version needed, and the fix."""

    name: str
    found: str
    needed: str
    status: str
    command: str = ''
    is_optional: bool = False


def requirements() -> list[tuple[Any, str]]:
    """Return each requirement of mmpisr with the extra that it belongs to."""
    parse = _packaging('requirements').Requirement
    found: dict[str, tuple[Any, str]] = {}
    for extra in NEEDED_EXTRAS + OPTIONAL_EXTRAS:
        for requirement in map(parse, _requirement_lines(extra)):
            found.setdefault(requirement.name, (requirement, extra))
    return [*found.values()]


def _requirement_lines(extra: str) -> list[str]:
    try:
        lines = metadata.requires('mmpisr') or []
    except metadata.PackageNotFoundError:
        text = (ROOT / f'requirements/{extra or "runtime"}.txt').read_text()
        return [line for line in text.splitlines() if line and not line.startswith('#')]
    return [req for req in lines if req.partition('extra == ')[2].strip('"') == extra]


def _packaging(module: str) -> Any:
    """Import a module of ``packaging``, or of the copy in pip."""
    try:
        return import_module(f'packaging.{module}')
    except ImportError:
        return import_module(f'pip._vendor.packaging.{module}')


def inspect(requirement: Any, extra: str = '') -> Row:
    """Compare one requirement with the installed version and try to import it."""
    name, needed = requirement.name, str(requirement.specifier) or 'any'
    try:
        found = metadata.version(name)
        status = _compare(requirement.specifier, found)
    except metadata.PackageNotFoundError:
        found, status = '-', 'missing'
    if status == 'ok' and extra in NEEDED_EXTRAS:
        status = _try_import(name)
    command = '' if status == 'ok' else _fix(requirement, extra, status)
    return Row(name, found, needed, status, command, extra in OPTIONAL_EXTRAS)


def _compare(specifier: Any, found: str) -> str:
    failed = [part for part in specifier if not part.contains(found, prereleases=True)]
    if not failed:
        return 'ok'
    version = _packaging('version').Version
    return 'too old' if version(found) < version(failed[0].version) else 'too new'


def _try_import(distribution: str) -> str:
    """Import a package; report any exception, of whatever type."""
    files = metadata.files(distribution) or []
    packages = [f.parts[0] for f in files if f.parts[1:] == ('__init__.py',)]
    module = distribution if distribution in packages else [*packages, distribution][0]
    module = 'mmcv.ops' if module == 'mmcv' else module  # it is compiled for one torch
    try:
        import_module(module)
    except (Exception, SystemExit) as error:
        reason = str(error).strip().splitlines()
        return f'broken: {type(error).__name__}: {reason[0] if reason else ""}'
    return 'ok'


def _fix(requirement: Any, extra: str, status: str) -> str:
    """Return the command that installs a requirement."""
    broken = status.startswith('broken')
    no_deps = broken or extra == 'nodeps'
    flags = ['--force-reinstall'] * broken + ['--no-deps'] * no_deps
    if requirement.name == 'onedl-mmcv':  # is compiled for the installed torch
        flags += ['--no-cache-dir', '--no-binary', 'onedl-mmcv'] * broken
        flags.append('--no-build-isolation')
    spec = f'{requirement.name}{requirement.specifier}'
    return shlex.join([sys.executable, '-m', 'pip', 'install', *flags, spec])


def report(rows: list[Row]) -> str:
    """Format the table, and the commands in the order in which to run them."""
    columns = '{:20}  {:12}  {:12}  {}'
    lines = [columns.format('package', 'found', 'needed', 'status')]
    for row in rows:
        note = ' (optional)' if row.is_optional and row.status != 'ok' else ''
        lines.append(columns.format(*row[:3], row.status + note))
    for title, is_optional in ('To fix it:', False), ('Optional:', True):
        chosen = [row for row in rows if row.is_optional == is_optional]
        commands = [row.command for row in chosen if row.command]
        lines += ['', title, *commands] if commands else []
    return '\n'.join(lines)


def outside(rows: list[Row]) -> str:
    """Explain that this Python is not mmpisr's environment; empty if it is."""
    names = ' and no '.join(r.name for r in rows if r.name in CORE and r.found == '-')
    if not names:
        return ''
    advice = f'it has no {names}. Install into it with the commands below, or {SETUP}.'
    return f'{sys.executable} is outside the environment of mmpisr: {advice}\n'


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return 1 if a needed package is missing or wrong."""
    description = 'List the packages of mmpisr, and the commands that repair them.'
    ArgumentParser(prog='mmpisr check-env', description=description).parse_args(argv)
    try:
        rows = [inspect(requirement, extra) for requirement, extra in requirements()]
    except ImportError as error:  # neither packaging nor pip
        sys.exit(f'{sys.executable} cannot check itself ({error}); {SETUP}')
    print(f'{outside(rows)}Python {sys.version.split()[0]} at {sys.executable}')
    print(report(rows))
    return int(any(row.status != 'ok' and not row.is_optional for row in rows))


if __name__ == '__main__':
    sys.exit(main())
