"""What was found in a submission, as a table and a list of problems."""

from pathlib import Path

from terminaltables import AsciiTable

MAX_KEPT = 50


class SubmissionReport:
    """Counts and problems of one zip file.

    Args:
        path: The zip file; every problem names it.

    Attributes:
        counts: What was looked at, by name.
        problems: The first messages, ``MAX_KEPT`` at most.
        num_problems: How many there are.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.counts: dict[str, int | str] = {}
        self.problems: list[str] = []
        self.num_problems = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.num_problems == 0

    def problem(self, message: str) -> None:
        """Note what is wrong; the message names the field and both values."""
        self.num_problems += 1
        if len(self.problems) < MAX_KEPT:
            self.problems.append(f'{self.path.name}: {message}')

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count."""
        self.counts[name] = int(self.counts.get(name, 0)) + number

    def table(self) -> str:
        """The counts and the verdict."""
        verdict = 'valid' if self.ok else f'{self.num_problems} problems'
        rows = [[name, str(value)] for name, value in self.counts.items()]
        table = AsciiTable([['what', 'found'], *rows, ['verdict', verdict]])
        table.title = self.path.name
        return str(table.table)

    def summary(self) -> str:
        """The problems, one a line."""
        hidden = self.num_problems - len(self.problems)
        more = [f'... and {hidden} more'] if hidden else []
        return '\n'.join([*self.problems, *more])
