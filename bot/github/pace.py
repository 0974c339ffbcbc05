"""How fast one installation may be written to, and until when GitHub asked to be left alone.

Source: GitHub's "Rate limits for the REST API" and "Best practices": at most 80 content-creating requests a minute
and 500 an hour. We stay below both, because people and other Apps do not share our counter.
"""

from __future__ import annotations

import asyncio
from collections import deque

from bot.clock import Clock

WRITES_A_MINUTE = 70
WRITES_AN_HOUR = 450


class Pace:
    """Shared by every client of one installation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._writes: deque[float] = deque(maxlen=WRITES_AN_HOUR)
        self._turn = asyncio.Lock()
        self.closed_until = 0.0  # seconds since the epoch; a rate limit holds for every request of the installation
        self.hits = 0  # rate limits in a row

    async def before_write(self, longest: float) -> float:
        """Wait for this write's turn, or give back at once the seconds it would take when they exceed `longest`."""
        async with self._turn:
            wait = self.wait_for_write()
            if wait > longest:
                return wait
            if wait > 0:
                await self._clock.sleep(wait)
            self._writes.append(self._clock.now())
            return 0.0

    def wait_for_write(self) -> float:
        """Seconds until another write is within both limits."""
        now = self._clock.now()
        wait = 0.0
        if len(self._writes) >= WRITES_A_MINUTE:
            wait = self._writes[-WRITES_A_MINUTE] + 60.0 - now
        if len(self._writes) >= WRITES_AN_HOUR:
            wait = max(wait, self._writes[0] + 3600.0 - now)
        return max(0.0, wait)
