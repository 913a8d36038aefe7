"""One thing that is wrong with a dataset: raised by a loader, listed by the checker."""

from collections.abc import Iterable
from typing import NamedTuple

ERROR, WARNING = 'error', 'warning'


class Problem(NamedTuple):
    """Something wrong in a file.

    Attributes:
        level: ``ERROR``: training or evaluation fails or misleads. ``WARNING``: it
            works, but is likely not what was meant.
        where: The file.
        message: The field and both values.
        kind: A few words that group alike problems.
    """

    level: str
    where: str
    message: str
    kind: str

    def __str__(self) -> str:
        """File and message."""
        return f'{self.where}: {self.message}'


def error(where: str, kind: str, message: str) -> Problem:
    """Make a problem that must be mended."""
    return Problem(ERROR, where, message, kind)


def warning(where: str, kind: str, message: str) -> Problem:
    """Make a problem that may be meant."""
    return Problem(WARNING, where, message, kind)


def raise_first_error(problems: Iterable[Problem]) -> None:
    """Refuse what has an error; later problems are not looked for.

    Raises:
        ValueError: Naming the file, the field and both values.
    """
    for problem in problems:
        if problem.level == ERROR:
            raise ValueError(str(problem))
