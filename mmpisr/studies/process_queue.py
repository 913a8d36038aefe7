"""So many tasks at once: when one ends, the next begins."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from .child_process import ChildProcess

LOG_LINES = 15


class Step(NamedTuple):
    """One command of a task."""

    name: str
    command: list[str]
    log: Path


class Task(Protocol):
    """Commands that follow one another; how far it is stands on disk."""

    name: str

    def next_step(self) -> Step | None:
        """What has to be run now; None: the task is complete."""

    def step_done(self, step: Step, peak_memory_mib: float) -> None:
        """Remember that a step succeeded."""


class Failure(NamedTuple):
    """A task whose step failed, and the end of its log."""

    name: str
    reason: str


def run_queue(
    tasks: Sequence[Task],
    *,
    jobs: int,
    threads: int = 1,
    poll_seconds: float = 1.0,
    show: Callable[[int], None] = lambda done: None,
) -> list[Failure]:
    """Run tasks in order, so many at once; a failing one does not stop the others.

    Args:
        tasks: What to run.
        jobs: How many at once.
        threads: CPU threads of each process.
        poll_seconds: Time between two looks.
        show: Is told after each look how many tasks have ended.

    Returns:
        The tasks that failed.
    """
    queue = _Queue(tasks, threads)
    try:
        while queue.waiting or queue.running:
            while queue.waiting and len(queue.running) < jobs:
                queue.attempt(queue.waiting.popleft())
            time.sleep(poll_seconds)
            queue.look()
            show(len(tasks) - len(queue.waiting) - len(queue.running))
    finally:
        for _, _, process in queue.running:
            process.stop()
    return queue.failures


class _Queue:
    def __init__(self, tasks: Sequence[Task], threads: int) -> None:
        self.waiting = deque(tasks)
        self.running: list[tuple[Task, Step, ChildProcess]] = []
        self.failures: list[Failure] = []
        self.threads = threads

    def attempt(self, task: Task, done: tuple[Step, float] | None = None) -> None:
        """Go on with a task; what it complains about is its failure, not ours."""
        try:
            if done:
                task.step_done(*done)
            self._begin(task)
        except (ValueError, OSError) as error:
            self.failures.append(Failure(task.name, str(error)))

    def _begin(self, task: Task) -> None:
        """Start the next step of a task, if it has one."""
        step = task.next_step()
        if step is not None:
            process = ChildProcess(step.command, log=step.log, threads=self.threads)
            self.running.append((task, step, process))

    def look(self) -> None:
        """Let go of the processes that have ended, and go on with their tasks."""
        running, self.running = self.running, []
        for task, step, process in running:
            code = process.poll()
            if code is None:
                self.running.append((task, step, process))
            elif code == 0:
                self.attempt(task, (step, process.peak_memory_mib))
            else:
                self.failures.append(Failure(task.name, _reason(step, code)))


def _reason(step: Step, code: int) -> str:
    end = '\n'.join(step.log.read_text(errors='replace').splitlines()[-LOG_LINES:])
    return f'{step.name} ended with exit status {code}; end of {step.log}:\n{end}'
