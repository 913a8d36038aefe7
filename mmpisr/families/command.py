"""The command ``mmpisr add-relation``."""

from argparse import ArgumentParser
from collections.abc import Sequence

from mmpisr.command_line import run_tool

from .add import write_config


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, write the inheriting config and print it."""
    parser = ArgumentParser(
        prog='mmpisr add-relation',
        description='Write a config that inherits one and adds PISR.',
    )
    add = parser.add_argument
    add('base', metavar='BASE_CONFIG', help='path, mmdet::... or mmpisr::...')
    add('-o', '--out', help='file to write; <relation>_<name of base>.py by default')
    add('--relation', default='PISR', help='name of the relation')
    add('--num-instances', type=int, default=50, metavar='K', help='instance slots')
    add('--force', action='store_true', help='replace the file if it is there')
    run_tool(parser, _write, argv)


def _write(base: str, out: str | None, **options: bool | int | str) -> None:
    path = write_config(base, out, **options)  # type: ignore[arg-type]
    print(f'# {path}\n{path.read_text()}', end='')
