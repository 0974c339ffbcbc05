"""What a delivery is, and what a store of deliveries can do, whichever database is behind it.

A delivery is stored before GitHub gets its 202, and leaves only as `done` or `dead`. It is taken by at most one
worker at a time, and no two of the same lane (repository) are taken together. De-duplication is by GitHub's delivery
id on *processed*: a redelivery of one that is done changes nothing, of one that is dead queues it again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.github import events
from bot.process.clock import Clock
from bot.queue.pages import PageStore
from bot.queue.uses import UsesStore

LEFT_RUNNING = "the server ended while it ran"  # result of what a dead server had taken


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class StoreUnavailable(Exception):
    """The database cannot be read or written now (disk full, locked, gone)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One unit of work. Times are in seconds since the epoch.

    `attempts` counts finished attempts that failed. `lane` and `supersedes`: see `bot.github.events`. The earliest
    `not_before` of a lane is taken first; one of `rank` 1 comes after all others of its lane that are due.
    `installation` is 0 for the server's own work. `payload` is emptied once it is done, to bound the storage.
    """

    id: str
    event: str
    payload: bytes
    received_at: float
    lane: str
    repository: str = ""  # owner/name, for people
    supersedes: str | None = None
    state: State = State.QUEUED
    attempts: int = 0
    not_before: float = 0.0
    result: str = ""  # the last error, or `ok`, `superseded`
    finished_at: float | None = None
    installation: int = 0
    rank: int = 0

    @property
    def interrupts(self) -> bool:
        """Whether a running delivery of the same `supersedes` key is to stop for this one.

        Pushes may follow each other faster than a run takes; stopping those would starve the branch.
        """
        return self.supersedes is not None and self.supersedes.startswith("pull/")

    def parsed(self) -> events.Event:
        """The typed event. Raises `bot.github.events.MalformedEvent`, which cannot happen for what was accepted."""
        return events.parse(self.event, self.payload)


def delivery_of(delivery_id: str, event: str, payload: bytes, received_at: float, *, rank: int = 0) -> Delivery:
    """A new delivery with its lane and key worked out. Raises `bot.github.events.MalformedEvent`.

    Also for work that we give ourselves (reconcile, schedule): choose an id that names the work, such as
    `reconcile/REPOSITORY/HEAD`, and it is done once.
    """
    return delivery_with(events.parse(event, payload), delivery_id, payload, received_at, rank=rank)


def delivery_with(
    parsed: events.Event, delivery_id: str, payload: bytes, received_at: float, *, rank: int = 0
) -> Delivery:
    """As `delivery_of`, of a payload that was parsed already."""
    return Delivery(
        id=delivery_id,
        event=parsed.name,
        payload=payload,
        received_at=received_at,
        lane=events.lane(parsed),
        repository=parsed.repository.full_name if isinstance(parsed, events.RepositoryEvent) else "",
        supersedes=events.supersedes(parsed),
        not_before=received_at,
        installation=parsed.installation,
        rank=rank,
    )


def plain(result: str) -> str:
    """A result as every database takes it: short, without NUL and without halves of surrogate pairs."""
    return result[:2000].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class Stored:
    """Outcome of `store`: whether it was processed before, and which *running* deliveries should stop for it."""

    already_processed: bool
    overtaken: tuple[str, ...] = ()


class Watcher(Protocol):
    """Who is told what a store learns by itself. None of these may block."""

    def changed(self) -> None:
        """There may be something to take that another process stored or gave back."""
        ...

    def overtaken(self, delivery_id: str) -> None:
        """This running delivery should stop for a newer one; it may have been said before."""
        ...

    def lost(self) -> None:
        """What was taken may be taken by others from now on: stop it, and do not settle it."""
        ...


class DeliveryStore(PageStore, UsesStore, Protocol):
    """Every method is durable when it returns, and raises `StoreUnavailable` when it cannot be.

    Several servers may share a store where the database allows it. A taken delivery then belongs to the server that
    took it for as long as its `watch` runs; what comes after that from it, `finish` or `give_back`, changes nothing.
    """

    async def store(self, delivery: Delivery) -> Stored:
        """Queue a delivery. Older queued ones with the same `supersedes` key end as done, result `superseded`."""
        ...

    async def take(self, limit: int, now: float) -> Sequence[Delivery]:
        """Mark up to `limit` due deliveries of different, idle lanes as running and give them.

        Installations take turns: the one of which the fewest run comes first, then the one whose turn is longest ago.
        Within one, the oldest comes first."""
        ...

    async def finish(self, delivery_id: str, state: State, *, now: float, result: str) -> None:
        """End a running delivery as `DONE` or `DEAD`. A dead one keeps its payload."""
        ...

    async def give_back(self, delivery_id: str, *, not_before: float, attempts: int, result: str) -> None:
        """Queue a running delivery again, not to be taken before that time; superseded if newer work waits."""
        ...

    async def next_due(self, now: float) -> float | None:
        """When the earliest queued delivery of an idle lane may be taken; None when nothing is queued."""
        ...

    async def recover(self) -> int:
        """Queue again what dead servers left running, one attempt more. Once, before `take`."""
        ...

    async def watch(self, clock: Clock, watcher: Watcher) -> None:
        """Say that this server lives, take up what dead ones left, and tell `watcher`, until cancelled.

        To be run from `recover` to the last `finish` or `give_back`. Never raises `StoreUnavailable`.
        """
        ...

    async def get(self, delivery_id: str) -> Delivery | None: ...

    async def listed(self, states: Collection[State], limit: int = 100) -> Sequence[Delivery]:
        """The newest first, without payloads."""
        ...

    async def retry(self, delivery_id: str) -> bool:
        """Queue a dead delivery again with its attempts forgotten; False when it is not dead."""
        ...

    async def counts(self) -> Mapping[State, int]: ...

    async def oldest_queued(self) -> float | None:
        """When the oldest queued delivery was received."""
        ...

    async def expire(self, *, done_before: float, dead_before: float) -> int:
        """Forget deliveries finished before these times. GitHub redelivers for 3 days: keep done ones longer."""
        ...

    async def oldest(self, limit: int) -> Sequence[Delivery]:
        """The first that were stored, whatever their state, with payloads: for moving them to another store."""
        ...

    async def adopt(self, deliveries: Sequence[Delivery]) -> None:
        """Keep deliveries of another store as they are. Those that are known already stay as they are here."""
        ...

    async def forget(self, delivery_ids: Collection[str]) -> None:
        """Delete deliveries that are not running."""
        ...

    async def close(self) -> None: ...
