"""Slots that repositories take in turns, so that none waits for the whole of another one's work.

Installations take turns, and within each its repositories. One slot more than there are is for those who hold none:
what others do in theirs may take a minute each time, and nobody else shall wait for that.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.process.tenants import Tenant, tenant


@dataclass(slots=True)
class Turns:
    """`slots` at a time, and `spare` more for repositories that hold none."""

    slots: int
    spare: int = 1
    _held: Counter[Tenant] = field(default_factory=Counter)
    _waiting: dict[Tenant, deque[asyncio.Future[None]]] = field(default_factory=dict)
    _turn: int = 0
    _last: dict[Tenant | int, int] = field(default_factory=dict)  # when a tenant, or an installation, had its turn

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a slot while inside."""
        who = tenant()
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(ticket)
        self._call()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self._leave(who)  # called in the moment in which it gave up
            else:
                self._forget(who, ticket)
            raise
        try:
            yield
        finally:
            self._leave(who)

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return sum(len(tickets) for tickets in self._waiting.values())

    def _leave(self, who: Tenant) -> None:
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        self._call()

    def _forget(self, who: Tenant, ticket: asyncio.Future[None]) -> None:
        tickets = self._waiting.get(who)
        if tickets is not None and ticket in tickets:
            tickets.remove(ticket)
            if not tickets:
                del self._waiting[who]

    def _call(self) -> None:
        while (who := self._next()) is not None:
            ticket = self._waiting[who].popleft()
            if not self._waiting[who]:
                del self._waiting[who]
            self._held[who] += 1
            self._turn += 1
            self._last[who] = self._last[who.installation] = self._turn
            ticket.set_result(None)
        if not self._held and not self._waiting:
            self._last.clear()  # everybody begins anew

    def _next(self) -> Tenant | None:
        """Who is to have a free slot. Those who hold less come first, then those whose turn is longest ago."""
        free = self.slots + self.spare - self._held.total()
        if free <= 0 or not self._waiting:
            return None
        installations: Counter[int] = Counter()
        for who, count in self._held.items():
            installations[who.installation] += count

        def rank(who: Tenant) -> tuple[int, int, int, int]:
            last = self._last
            return (installations[who.installation], last.get(who.installation, 0), self._held[who], last.get(who, 0))

        if free > self.spare:
            return min(self._waiting, key=rank)
        holding_none = [who for who in self._waiting if not self._held[who]]
        return min(holding_none, key=rank) if holding_none and self._held else None
