"""Progress of long work, on stderr: a line that is rewritten on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

FIRST = 2.0  # seconds before anything is said
EVERY = 10.0  # seconds between lines where they cannot be rewritten


class Progress:
    """Called with (done, total). `close` clears the line."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._start = clock()
        self._said = float("-inf")
        self._live = self._stream.isatty()
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        now = self._clock()
        if now - self._start < FIRST or now - self._said < (0.1 if self._live else EVERY):
            return
        self._said = now
        text = f"argofix: rendering {done} of {total}"
        self._stream.write(f"\r{text}\x1b[K" if self._live else f"{text}\n")
        self._stream.flush()
        self._shown = True

    def close(self) -> None:
        if self._live and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
