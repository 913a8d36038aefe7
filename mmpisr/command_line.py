"""Run a command-line tool and print expected errors without a traceback."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any


def run_tool(
    parser: ArgumentParser,
    work: Callable[..., Any],
    argv: Sequence[str] | None = None,
) -> Any:
    """Call ``work`` with the flags as keyword arguments; exit with 1 on an error.

    Args:
        parser: Reads the command line.
        work: If it raises a ``ValueError``, ``OSError`` or ``ImportError``, only the
            message is printed.
        argv: Words of the command; those of this process by default.

    Returns:
        What ``work`` returns.
    """
    flags = vars(parser.parse_args(argv))
    try:
        return work(**flags)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f'{parser.prog}: {error}')
