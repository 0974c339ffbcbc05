"""What this process keeps from those that it starts, which run as the same user.

Linux shows a process's first environment, its memory and its open files to every other process of its user
(`/proc/PID/environ`, `mem`, `fd`), for as long as it lives: taking a variable out of `os.environ` changes nothing
about that. Sources: proc(5), prctl(2) PR_SET_DUMPABLE, ptrace(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable

_PR_SET_DUMPABLE = 4
_ENV_START, _ENV_END = 47, 48  # fields 50 and 51 of proc(5), counted from behind the program's name


def keep_to_itself(names: Iterable[str]) -> None:
    """Forget these variables, and let nobody of the same user look into this process: not at the environment that it
    was started with, nor into its memory or files. Call it once what they say has been read."""
    for name in names:
        os.environ.pop(name, None)
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, ValueError, IndexError):  # without /proc there is nothing to look into either
        _blank_first_environment()
    # Not even for its own user; root remains, who needs no such way.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _blank_first_environment() -> None:
    with open("/proc/self/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - early, and plain
        fields = file.read().rpartition(")")[2].split()
    start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    # Each variable anew: then the C library keeps it in memory of its own, and needs nothing of what is blanked.
    for name, value in list(os.environ.items()):
        os.environ[name] = value
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
