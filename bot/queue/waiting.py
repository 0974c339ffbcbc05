"""Deliveries that wait for longer than a moment, so that somebody can be told that their turn comes.

Only what this server accepted or put back is known here, so of several servers one tells of each. It holds ids: what
is to be said is read from the store at its time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.github.errors import RateLimited
from bot.process.clock import Clock
from bot.process.errors import PermanentError, TemporaryError
from bot.queue.deliveries import Delivery, DeliveryStore, State, StoreUnavailable

PATIENCE = 2.0  # seconds
SETTLED = 6.0  # seconds after which whatever took a superseded delivery's place is known here, too
AT_ONCE = 4
_MOST = 10_000  # ids that are remembered
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Heads:
    """Commits whose check runs are being written, so that nobody else in this process does it at the same time."""

    _locks: dict[Hashable, asyncio.Lock] = field(default_factory=dict)
    _users: Counter[Hashable] = field(default_factory=Counter)

    @asynccontextmanager
    async def held(self, head: Hashable) -> AsyncIterator[None]:
        lock = self._locks.setdefault(head, asyncio.Lock())
        self._users[head] += 1
        try:
            async with lock:
                yield
        finally:
            self._users[head] -= 1
            if not self._users[head]:
                del self._users[head], self._locks[head]

    def busy(self, head: Hashable) -> bool:
        return head in self._locks


@dataclass(slots=True)
class Waiting:
    """Who waits, since when. `Worker` tells it."""

    _next_look: dict[str, float] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, delivery: Delivery, now: float) -> None:
        """It was queued, or queued again."""
        if (delivery.interrupts or delivery.event == "merge_group") and len(self._next_look) < _MOST:
            self.look_at(delivery.id, now + PATIENCE)

    def look_at(self, delivery_id: str, at: float) -> None:
        self._next_look[delivery_id] = at
        self._news.set()

    def begun(self, delivery_id: str) -> None:
        """It waits no longer."""
        self._next_look.pop(delivery_id, None)

    def due(self, now: float) -> list[str]:
        """Ids of those that have waited long enough by now, the longest first; each is given once."""
        found = sorted((at, delivery_id) for delivery_id, at in self._next_look.items() if at <= now)
        for _, delivery_id in found:
            del self._next_look[delivery_id]
        return [delivery_id for _, delivery_id in found]

    def next_due(self) -> float | None:
        return min(self._next_look.values(), default=None)

    async def news(self) -> None:
        """Wait until somebody waits."""
        while not self._next_look:
            self._news.clear()
            await self._news.wait()


Show = Callable[[Delivery], Awaitable[Callable[[], Awaitable[None]] | None]]


@dataclass(slots=True)
class Announcer:
    """Shows what waits. `show` says it of a delivery and gives what takes it back; None when there is nothing to."""

    waiting: Waiting
    store: DeliveryStore
    clock: Clock
    show: Show
    _shown: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self._shown:
                await self.waiting.news()
            due = self.waiting.next_due()
            pause = PATIENCE if due is None else min(PATIENCE, due - self.clock.now())
            if pause > 0:
                await self.clock.sleep(pause)
            await self.look()

    async def look(self) -> None:
        """One round."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def each(work: Callable[[str], Awaitable[None]], delivery_id: str) -> None:
            async with turn:
                try:
                    await work(delivery_id)
                except RateLimited as error:
                    self.waiting.look_at(delivery_id, self.clock.now() + (error.delay or PATIENCE))
                except StoreUnavailable:
                    self.waiting.look_at(delivery_id, self.clock.now() + PATIENCE)
                except (TemporaryError, PermanentError) as error:
                    log.info("nobody could be told that a delivery waits", extra={"reason": str(error)})
                except Exception:
                    log.exception("nobody could be told that a delivery waits")

        due = self.waiting.due(self.clock.now())
        async with asyncio.TaskGroup() as group:
            for delivery_id in due:
                group.create_task(each(self._tell, delivery_id))
            for delivery_id in self._shown:
                group.create_task(each(self._settle, delivery_id))

    async def _tell(self, delivery_id: str) -> None:
        delivery = await self.store.get(delivery_id)
        if delivery is None or delivery.state is not State.QUEUED or delivery_id in self._shown:
            return
        take_back = await self.show(delivery)
        if take_back is not None:
            self._shown[delivery_id] = take_back

    async def _settle(self, delivery_id: str) -> None:
        """Take back what was said of a delivery that nobody will work on: a newer head took its place."""
        delivery = await self.store.get(delivery_id)
        if delivery is not None and delivery.state in (State.QUEUED, State.RUNNING):
            return
        take_back = self._shown.pop(delivery_id)
        if delivery is not None and delivery.result == "superseded":
            try:
                if (delivery.finished_at or 0.0) + SETTLED > self.clock.now():
                    self._shown[delivery_id] = take_back
                else:
                    await take_back()
            except TemporaryError:
                self._shown[delivery_id] = take_back  # in the next round
                raise
