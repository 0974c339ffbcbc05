"""Clocks for tests: one that jumps when somebody sleeps, one that a test moves by hand."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class JumpingClock:
    """`sleep` returns at once, having moved the time by what was asked; `slept` remembers it."""

    time: float = field(default_factory=lambda: float(int(time.time())))
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(0.0, seconds)
        await asyncio.sleep(0)


@dataclass
class HandClock:
    """Sleepers wake when `advance` passes their time."""

    time: float = 1_800_000_000.0
    _sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self.time += seconds
        for until, future in self._sleepers:
            if until <= self.time and not future.done():
                future.set_result(None)
        self._sleepers = [(until, future) for until, future in self._sleepers if not future.done()]
