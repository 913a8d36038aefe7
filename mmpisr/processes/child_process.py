"""A process that is waited for with its resource usage, and that ends with us."""

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
KEEP_MEMORY = {'MALLOC_MMAP_MAX_': '0', 'MALLOC_TRIM_THRESHOLD_': str(2**34)}
"""For glibc: not to give memory back after each step, only to ask for it again."""
KIB_PER_MIB = 1024


class ChildProcess:
    """One command; its output is appended to a log.

    On Linux it is terminated when this process dies, killed or not: a repeated call
    must not meet a training that still writes. What it has started itself ends with
    it, unless this process is killed: a data loader's workers may wait forever for a
    training that no longer reads.

    Args:
        command: Program and arguments.
        log: Where its output goes.
        threads: CPU threads it may use.
    """

    def __init__(self, command: Sequence[str], *, log: Path, threads: int) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.peak_memory_mib = 0.0
        with log.open('a') as file:
            self._process = subprocess.Popen(
                command,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**KEEP_MEMORY, **os.environ, 'OMP_NUM_THREADS': str(threads)},
                preexec_fn=_end_with_parent if sys.platform == 'linux' else None,
            )

    def poll(self) -> int | None:
        """Exit status, None while it runs; keeps ``peak_memory_mib`` up to date.

        The peak is the process's largest resident set, without its loaders' workers,
        at the last look (``VmHWM``). Where there is no ``/proc`` it is the
        ``ru_maxrss`` that ``wait4`` gives, which is never less than the size of the
        process that started it.
        """
        if self._process.returncode is None:
            peak = _peak_kib(self._process.pid) / KIB_PER_MIB
            self.peak_memory_mib = peak or self.peak_memory_mib
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.peak_memory_mib = (
                    self.peak_memory_mib or usage.ru_maxrss / KIB_PER_MIB
                )
                self._terminate_group()
        return self._process.returncode

    def stop(self) -> None:
        """Terminate it and what it has started if it runs, and wait."""
        if self.poll() is None:
            self._terminate_group()
            _, status = os.waitpid(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)

    def _terminate_group(self) -> None:
        with suppress(ProcessLookupError):  # nothing is left of it
            os.killpg(self._process.pid, signal.SIGTERM)


def exit_on_sigterm() -> None:
    """Let SIGTERM end this process as ``sys.exit`` does: what it runs is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _peak_kib(pid: int) -> int:
    """``VmHWM`` of a process, 0 where there is none (a zombie, another system)."""
    try:
        status = Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return 0
    found = re.search(r'VmHWM:\s+(\d+) kB', status)
    return int(found[1]) if found else 0


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
