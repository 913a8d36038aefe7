"""Run a command-line tool and print expected errors without a traceback."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any


def run_tool(parser: ArgumentParser, work: Callable[..., Any]) -> None:
    """Call ``work`` with the flags as keyword arguments; exit with 1 on an error.

    Args:
        parser: Reads the command line.
        work: If it raises a ``ValueError`` or ``OSError``, only the message is printed.
    """
    flags = vars(parser.parse_args())
    try:
        work(**flags)
    except (ValueError, OSError) as error:
        sys.exit(f'{parser.prog}: {error}')
