"""That work grows no faster than what there is to do, and that work ends whose size a stranger chooses.

`assert_grows_with` counts steps (lines of Python that are run) for an input and for twice of it.

Work that grows with the square of its input is told from work that grows with its input by an input of a size where
one takes a moment and the other hours. Nothing is timed: the work is done in a process that the kernel ends when it
has had a hundred times the processor time that it needs.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

CPU_SECONDS = 15
AT_MOST = 2.3  # times the steps for twice the input; sorting and the like are a little more than linear


def steps_of(work: Callable[[], object]) -> int:
    """Lines and calls of Python that the work takes: the same number each time, on whatever machine."""
    count = 0

    def each(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return each

    before = sys.gettrace()
    sys.settrace(each)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def assert_grows_with(made: Callable[[int], Callable[[], object]], size: int) -> None:
    """`made(size)` sets up an input of that size and gives the work whose steps are counted."""
    made(2)()  # what is worked out once, whoever asks first, belongs to neither
    small, large = steps_of(made(size)), steps_of(made(2 * size))
    assert large <= AT_MOST * small, f"{small:,} steps for {size}, and {large:,} for {2 * size}"


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
