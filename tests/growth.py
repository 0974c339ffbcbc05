"""That work ends whose size a stranger chooses.

Work that grows with the square of its input is told from work that grows with its input by an input of a size where
one takes a moment and the other hours. Nothing is timed: the work is done in a process that the kernel ends when it
has had a hundred times the processor time that it needs.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable

CPU_SECONDS = 15


def assert_ends(work: Callable[[], object], cpu_seconds: int = CPU_SECONDS) -> None:
    """Do the work in a copy of this process with a limit. Fails when the limit ends it, or when it raises."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert not os.WIFSIGNALED(status), f"{signal_of(status)} after {cpu_seconds} s of processor time"
    assert os.WEXITSTATUS(status) == 0, "it raised"


def signal_of(status: int) -> str:
    return signal.Signals(os.WTERMSIG(status)).name
