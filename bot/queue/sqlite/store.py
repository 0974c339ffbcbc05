"""Deliveries in SQLite: one file, one writer thread, many requests in one commit.

Each commit waits for the disk (WAL with synchronous=FULL), so what was acknowledged survives `kill -9` and a power
cut. Callers that wait at the same time share one transaction ("group commit"): that is what makes it fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.process.clock import Clock
from bot.process.exclusive import Exclusive
from bot.queue.deliveries import Delivery, State, Stored, StoreUnavailable, Watcher
from bot.queue.pages import Page
from bot.queue.sqlite import pages, uses
from bot.queue.sqlite import statements as sql
from bot.queue.uses import User

T = TypeVar("T")
GROUP = 500  # operations in one transaction at most
POLL = 2.0  # seconds between looks for what another process wrote
log = logging.getLogger(__name__)


class SqliteStore:
    """A `DeliveryStore`. `exclusive` (the server) refuses a file that another server has; the CLI reads beside it."""

    def __init__(self, path: Path, *, exclusive: bool = True) -> None:
        """Open or create the database. Raises `StateDirectoryInUse` or `StoreUnavailable`."""
        self._lock: Exclusive | None = None
        self._work: queue.SimpleQueue[_Operation | None] = queue.SimpleQueue()
        self._closed = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if exclusive:
                self._lock = Exclusive(path.with_name(path.name + ".lock"))
            self._db = _open(path)
        except (OSError, sqlite3.Error) as error:
            self._unlock()
            raise StoreUnavailable(f"{path} cannot be opened: {error}") from error
        self._thread = threading.Thread(target=self._serve, name="deliveries", daemon=True)
        self._thread.start()

    async def store(self, delivery: Delivery) -> Stored:
        return await self._do(lambda db: sql.store(db, delivery))

    async def take(self, limit: int, now: float) -> Sequence[Delivery]:
        return await self._do(lambda db: sql.take(db, limit, now))

    async def finish(self, delivery_id: str, state: State, *, now: float, result: str) -> None:
        await self._do(lambda db: sql.finish(db, delivery_id, state, now, result))

    async def give_back(self, delivery_id: str, *, not_before: float, attempts: int, result: str) -> None:
        await self._do(lambda db: sql.requeue(db, delivery_id, not_before, attempts, result))

    async def next_due(self, now: float) -> float | None:
        return await self._do(lambda db: sql.first_number(db, "SELECT MIN(not_before) FROM firsts"))

    async def recover(self) -> int:
        return await self._do(sql.recover)

    async def watch(self, clock: Clock, watcher: Watcher) -> None:
        """One server owns the file, so only what the command line writes beside it is news."""
        seen: float | None = None
        while True:
            with contextlib.suppress(StoreUnavailable):  # `take` says it too
                version = await self._do(lambda db: sql.first_number(db, "PRAGMA data_version"))
                if version != seen:
                    seen = version
                    watcher.changed()
            await asyncio.sleep(POLL)  # real time: the other process knows of no clock but that

    async def get(self, delivery_id: str) -> Delivery | None:
        statement = f"SELECT {sql.COLUMNS} FROM deliveries WHERE id=?"  # noqa: S608
        return await self._do(lambda db: next((sql.read(r) for r in db.execute(statement, (delivery_id,))), None))

    async def listed(self, states: Collection[State], limit: int = 100) -> Sequence[Delivery]:
        marks = ",".join("?" * len(states))
        statement = f"SELECT {sql.BARE} FROM deliveries WHERE state IN ({marks}) ORDER BY seq DESC LIMIT ?"  # noqa: S608
        values = (*(s.value for s in states), limit)
        return await self._do(lambda db: [sql.read(r) for r in db.execute(statement, values)])

    async def retry(self, delivery_id: str) -> bool:
        return await self._do(lambda db: sql.retry(db, delivery_id))

    async def counts(self) -> Mapping[State, int]:
        statement = "SELECT state, COUNT(*) FROM deliveries GROUP BY state"
        found = await self._do(lambda db: dict(db.execute(statement).fetchall()))
        return {state: found.get(state.value, 0) for state in State}

    async def oldest_queued(self) -> float | None:
        return await self._do(
            lambda db: sql.first_number(db, "SELECT MIN(received_at) FROM deliveries WHERE state='queued'")
        )

    async def expire(self, *, done_before: float, dead_before: float) -> int:
        statement = (
            "DELETE FROM deliveries WHERE (state='done' AND finished_at < ?) OR (state='dead' AND finished_at < ?)"
        )
        return await self._do(lambda db: db.execute(statement, (done_before, dead_before)).rowcount)

    async def oldest(self, limit: int) -> Sequence[Delivery]:
        statement = f"SELECT {sql.COLUMNS} FROM deliveries ORDER BY seq LIMIT ?"  # noqa: S608
        return await self._do(lambda db: [sql.read(r) for r in db.execute(statement, (limit,))])

    async def adopt(self, deliveries: Sequence[Delivery]) -> None:
        await self._do(lambda db: sql.adopt(db, deliveries))

    async def forget(self, delivery_ids: Collection[str]) -> None:
        await self._do(lambda db: sql.forget(db, delivery_ids))

    async def keep_page(self, page: Page) -> None:
        await self._do(lambda db: pages.keep(db, page))

    async def page(self, name: str, now: float) -> Page | None:
        return await self._do(lambda db: pages.find(db, name, now))

    async def keep_uses(self, installation: int, user: User, used: Collection[str]) -> None:
        await self._do(lambda db: uses.keep(db, installation, user, used))

    async def users_of(self, installation: int, used: str, most: int) -> Sequence[User]:
        return await self._do(lambda db: uses.users(db, installation, used, most))

    async def close(self) -> None:
        """Finish what was asked for, then close. Further calls raise `StoreUnavailable`."""
        if not self._closed:
            self._closed = True
            self._work.put(None)
            await asyncio.to_thread(self._thread.join)
            self._unlock()

    async def _do(self, run: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._work.put(_Operation(run, loop, future))
        return await future

    def _serve(self) -> None:
        """The writer thread: take whatever waits, run it in one transaction, then answer everybody."""
        ending = False
        while not ending:
            group: list[_Operation] = []
            first = self._work.get()
            while True:
                if first is None:
                    ending = True
                else:
                    group.append(first)
                if len(group) >= GROUP or self._work.empty():
                    break
                first = self._work.get()
            if group and not self._commit(group):
                # One of them spoilt it for the others: each on its own now, so that only that one fails.
                for operation in group:
                    self._commit([operation], last=True)
        self._db.close()

    def _commit(self, group: list[_Operation], *, last: bool = False) -> bool:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            results = [operation.run(self._db) for operation in group]
            self._db.execute("COMMIT")
        except Exception as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if not last and len(group) > 1:
                return False
            log.error("the delivery store failed", extra={"reason": str(error)})
            results = [StoreUnavailable(f"the delivery store failed: {error}")] * len(group)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for operation, result in zip(group, results, strict=True):
            by_loop.setdefault(operation.loop, []).append((operation.future, result))
        for loop, answers in by_loop.items():
            # A loop that was closed meanwhile has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, answers)
        return True

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()


@dataclass(frozen=True, slots=True)
class _Operation:
    run: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


def _settle(answers: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in answers:
        if future.done():  # the caller was cancelled
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def _open(path: Path) -> sqlite3.Connection:
    # Payloads of private repositories: for the server's user only.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    sql.prepare(db)
    db.executescript(pages.SCHEMA)
    db.executescript(uses.SCHEMA)
    return db
