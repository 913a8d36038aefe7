"""So many tasks at once: when one ends, the next begins."""

import time
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

    def acquire(self) -> bool:
        """Keep other processes out; False: one of them is in."""

    def release(self) -> None:
        """Let them in."""

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
    stop_at_failure: bool = False,
) -> list[Failure]:
    """Run tasks in order, so many at once.

    Tasks that another process holds are passed over, and looked at again.

    Args:
        tasks: What to run.
        jobs: How many at once.
        threads: CPU threads of each process.
        poll_seconds: Time between two looks.
        show: Is told at first and after each look how many tasks have ended.
        stop_at_failure: Whether a failing task stops the others.

    Returns:
        The tasks that failed.
    """
    queue = _Queue(tasks, threads)
    show(0)
    try:
        while queue.waiting or queue.running:
            if queue.failures and stop_at_failure:
                break
            queue.start(jobs)
            time.sleep(poll_seconds)
            queue.look()
            show(len(tasks) - len(queue.waiting) - len(queue.running))
    finally:
        for task, _, process in queue.running:
            process.stop()
            task.release()
    return queue.failures


class _Queue:
    def __init__(self, tasks: Sequence[Task], threads: int) -> None:
        self.waiting = [*tasks]
        self.running: list[tuple[Task, Step, ChildProcess]] = []
        self.failures: list[Failure] = []
        self.threads = threads

    def start(self, jobs: int) -> None:
        """Begin with tasks that nobody holds, until so many run."""
        for task in [*self.waiting]:
            if len(self.running) < jobs and task.acquire():
                self.waiting.remove(task)
                self.attempt(task)

    def attempt(self, task: Task, done: tuple[Step, float] | None = None) -> None:
        """Go on with a task; what it complains about is its failure, not ours."""
        try:
            if done:
                task.step_done(*done)
            self._begin(task)
        except (ValueError, OSError) as error:
            self._fail(task, str(error))

    def _begin(self, task: Task) -> None:
        """Start the next step of a task, or let go of it."""
        step = task.next_step()
        if step is None:
            task.release()
        else:
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
                self._fail(task, _reason(step, code))

    def _fail(self, task: Task, reason: str) -> None:
        self.failures.append(Failure(task.name, reason))
        task.release()


def _reason(step: Step, code: int) -> str:
    end = '\n'.join(step.log.read_text(errors='replace').splitlines()[-LOG_LINES:])
    return f'{step.name} ended with exit status {code}; end of {step.log}:\n{end}'
