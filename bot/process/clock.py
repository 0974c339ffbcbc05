"""Time as something that is handed in, so that tests of waiting do not wait."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Protocol


class Clock(Protocol):
    """`now` is in seconds since the epoch (UTC); `sleep` returns after at least that many seconds."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real thing."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


def backoff(attempt: int, *, base: float, cap: float, jitter: random.Random) -> float:
    """Seconds to wait after the `attempt`-th failure (1-based): exponential, with half of it random.

    "Equal jitter" keeps a lower bound, so a struggling server is never asked again at once, yet spreads callers.
    """
    full = min(cap, base * 2.0 ** min(attempt - 1, 30))
    return full / 2 + jitter.uniform(0, full / 2)
