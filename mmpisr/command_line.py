"""Run a command-line tool; print expected errors without a traceback."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any


def run_tool(parser: ArgumentParser, work: Callable[..., Any]) -> None:
    """Call ``work`` with the flags as keyword arguments; exit with 1 on an error.

    Args:
        parser: Of the command line.
        work: A ``ValueError`` or ``OSError`` of it is printed without a traceback.
    """
    flags = vars(parser.parse_args())
    try:
        work(**flags)
    except (ValueError, OSError) as error:
        sys.exit(f'{parser.prog}: {error}')
