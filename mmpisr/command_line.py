"""Run a tool: flags become arguments, mistakes become messages."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any


def run_tool(parser: ArgumentParser, work: Callable[..., Any]) -> None:
    """Call ``work`` with the flags by name; a mistake is a message and exit code 1.

    Args:
        parser: Of the command line.
        work: Its ``ValueError`` and ``OSError`` are messages, others have a traceback.
    """
    flags = vars(parser.parse_args())
    try:
        work(**flags)
    except (ValueError, OSError) as error:
        sys.exit(f'{parser.prog}: {error}')
