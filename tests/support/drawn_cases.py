"""How many cases are drawn, and the share of each outcome.

Each test draws 700 cases. They are the same in every run until the code changes, as
hypothesis also draws numbers and texts that the code contains. With
``MMPISR_DRAWN_CASES=5000`` it draws 5000 others in each run.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

ASKED = os.environ.get('MMPISR_DRAWN_CASES')
CASES = int(ASKED or 700)


def refusal(action: Callable, *args: object) -> str | None:
    """Message with which an action refuses its input; None if it does not."""
    try:
        with redirect_stdout(StringIO()):
            action(*args)
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return None


def check_cases(
    strategy: SearchStrategy, check: Callable[[Path, object], str]
) -> dict[str, str]:
    """Run ``check(folder, case)`` on drawn cases, each in an empty folder.

    Returns:
        How many of the cases had each outcome, which is what ``check`` returns.
    """
    outcomes: Counter = Counter()

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=ASKED is None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case) -> None:
        with TemporaryDirectory() as folder:
            outcomes[check(Path(folder), case)] += 1

    run()
    total = outcomes.total()
    return {name: f'{n / total:.1%}' for name, n in outcomes.most_common()}
