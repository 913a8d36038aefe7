"""Run commands side by side; all of them end with the process that started them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

LOG_LINES = 15
KEEP_MEMORY = {'MALLOC_MMAP_MAX_': '0', 'MALLOC_TRIM_THRESHOLD_': str(2**34)}
"""For glibc: do not return memory to the system after each training step."""
END_WITH_PARENT = (
    *(sys.executable, '-c'),
    'import ctypes, os, signal, sys; '
    'ctypes.CDLL(None).prctl(1, signal.SIGTERM); '  # PR_SET_PDEATHSIG
    'os.execvp(sys.argv[1], sys.argv[1:])',
)
"""Prefix of a command on Linux: it ends when the parent process is killed."""


class Commands:
    """Runs commands from several threads, and can stop all of them.

    Processes that a command has started end with it: workers of a data loader may wait
    forever for a training that has ended. On Linux a command also ends when this
    process is killed.

    Args:
        threads: CPU threads of each command.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = {'OMP_NUM_THREADS': str(threads)}
        self._running: set[subprocess.Popen] = set()
        self._stopped = False
        self._lock = Lock()

    def run(self, command: Sequence[str], log: Path) -> None:
        """Run a command and wait until it ends.

        Args:
            command: Program and arguments.
            log: Its output is appended to this file.

        Raises:
            RuntimeError: It failed (shows the end of the log), or ``stop`` was called
                before.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        guard = END_WITH_PARENT if sys.platform == 'linux' else ()
        with self._lock, log.open('a') as file:
            if self._stopped:
                raise RuntimeError('not started: all commands were stopped')
            process = subprocess.Popen(
                [*guard, *command],
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**KEEP_MEMORY, **os.environ, **self._threads},
            )
            self._running.add(process)
        code = process.wait()
        _end_group(process)
        with self._lock:
            self._running.discard(process)
        if code:
            end = '\n'.join(log.read_text(errors='replace').splitlines()[-LOG_LINES:])
            raise RuntimeError(f'exit status {code}; end of {log}:\n{end}')

    def stop(self) -> None:
        """End all running commands and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _end_group(process)


def run_side_by_side(
    tasks: Mapping[str, Callable[[Commands], Any]],
    *,
    jobs: int,
    threads: int = 1,
    poll_seconds: float = 1.0,
    show: Callable[[int], None] = lambda ended: None,
    stop_at_failure: bool = False,
) -> dict[str, BaseException]:
    """Run tasks in their order, with at most ``jobs`` in parallel.

    Args:
        tasks: By name; each is called with the ``Commands`` that it runs commands with.
        jobs: Largest number of tasks in parallel.
        threads: CPU threads of each command.
        poll_seconds: Seconds between two calls of ``show``.
        show: Is called with the number of tasks that have ended.
        stop_at_failure: Whether a failing task stops the others.

    Returns:
        The errors of the tasks that failed, by name.
    """
    commands = Commands(threads)
    failures: dict[str, BaseException] = {}
    with ThreadPoolExecutor(jobs) as pool:
        names = {pool.submit(task, commands): name for name, task in tasks.items()}
        waiting = set(names)
        try:
            show(0)
            while waiting and not (failures and stop_at_failure):
                done, waiting = wait(waiting, poll_seconds, FIRST_COMPLETED)
                failed = {names[f]: f.exception() for f in done}
                failures |= {name: error for name, error in failed.items() if error}
                show(len(names) - len(waiting))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            commands.stop()
    return failures


def exit_on_sigterm() -> None:
    """Make SIGTERM end this process like ``sys.exit``, so that its commands end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _end_group(process: subprocess.Popen) -> None:
    """Send SIGTERM to a process and its children, if any are left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
