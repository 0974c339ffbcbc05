"""Bodies of webhooks on their way in, from senders that nobody knows yet.

Whether a body is GitHub's is known when its last byte is here. Until then anybody can have us wait, and keep what
has come. So a body costs what has really arrived of it, never what its header announces; there are places for so many
at a time, and whoever comes when all are taken sends away the slowest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.process.clock import Clock

READ_SECONDS = 10.0  # GitHub gives up after that


class NoRoom(Exception):
    """Too much is on its way, and all of it as fast as this."""


@dataclass(slots=True, eq=False)
class Arrival:
    """One body on its way."""

    _all: Arrivals
    since: float
    limit: asyncio.Timeout
    received: int = 0

    def got(self, size: int) -> None:
        """So many bytes more are here. Raises `NoRoom`, and `TimeoutError` for a body that was sent away."""
        self._all.count(self, size)


@dataclass(slots=True)
class Arrivals:
    """At most `places` bodies at a time and `most_bytes` of them together.

    A body has `READ_SECONDS` to arrive while there is room. The fuller it is, the less: down to `least_seconds`,
    which every body has, since those who come often would else take the place of those who send.
    """

    clock: Clock
    places: int = 512
    most_bytes: int = 400 * 2**20
    least_seconds: float = 1.0
    _here: set[Arrival] = field(default_factory=set)
    _bytes: int = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Arrival]:
        """A place for a body while inside. Raises `NoRoom`, and `TimeoutError` when the body takes too long for how
        many others are on their way."""
        self._make_room(1)
        async with asyncio.timeout(READ_SECONDS) as limit:
            arrival = Arrival(self, self.clock.now(), limit)
            self._here.add(arrival)
            try:
                yield arrival
            finally:
                self._leave(arrival)

    def count(self, arrival: Arrival, size: int) -> None:
        """Count bytes that have come (`Arrival.got`)."""
        if arrival not in self._here:
            raise TimeoutError
        arrival.received += size
        self._bytes += size
        if self._bytes > self.most_bytes:
            self._make_room(0)

    @property
    def seconds(self) -> float:
        """How long a body may take at present."""
        full = max(len(self._here) / self.places, self._bytes / self.most_bytes)
        return max(self.least_seconds, READ_SECONDS * (1.0 - full))

    def _make_room(self, places: int) -> None:
        now, seconds = self.clock.now(), self.seconds
        for arrival in [each for each in self._here if now - each.since > seconds]:
            self._send_away(arrival)
        while len(self._here) + places > self.places or self._bytes > self.most_bytes:
            old = [each for each in self._here if now - each.since >= self.least_seconds]
            if not old:
                raise NoRoom
            self._send_away(min(old, key=lambda each: each.received / (now - each.since)))

    def _send_away(self, arrival: Arrival) -> None:
        self._leave(arrival)
        if not arrival.limit.expired():
            arrival.limit.reschedule(0.0)

    def _leave(self, arrival: Arrival) -> None:
        if arrival in self._here:
            self._here.discard(arrival)
            self._bytes -= arrival.received
