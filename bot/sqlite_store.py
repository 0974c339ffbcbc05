"""Deliveries in SQLite: one file, one writer thread, many requests in one commit.

Each commit waits for the disk (WAL with synchronous=FULL), so what was acknowledged survives `kill -9` and a power cut.
Callers that wait at the same time share one transaction ("group commit"): that is what makes it fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.deliveries import Delivery, State, Stored, StoreUnavailable

T = TypeVar("T")
GROUP = 500  # operations in one transaction at most
log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    payload BLOB NOT NULL,
    received_at REAL NOT NULL,
    lane TEXT NOT NULL,
    repository TEXT NOT NULL,
    supersedes TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    not_before REAL NOT NULL,
    result TEXT NOT NULL,
    finished_at REAL
);
CREATE INDEX IF NOT EXISTS waiting ON deliveries (lane, not_before, seq) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS working ON deliveries (lane) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS same_work ON deliveries (supersedes) WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS finished ON deliveries (state, finished_at);
"""
_COLUMNS = (
    "id, event, payload, received_at, lane, repository, supersedes, state, attempts, not_before, result, finished_at"
)
_BARE = _COLUMNS.replace("payload", "x'' AS payload")


class StateDirectoryInUse(Exception):
    """Another server works on this database file."""


class SqliteStore:
    """A `DeliveryStore`. `exclusive` (the server) refuses a file that another server has; the CLI reads beside it."""

    def __init__(self, path: Path, *, exclusive: bool = True) -> None:
        """Open or create the database. Raises `StateDirectoryInUse` or `StoreUnavailable`."""
        self._lock_file: int | None = None
        self._work: queue.SimpleQueue[_Operation | None] = queue.SimpleQueue()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if exclusive:
                self._lock_file = _lock(path.with_name(path.name + ".lock"))
            self._db = _open(path)
        except (OSError, sqlite3.Error) as error:
            self._unlock()
            raise StoreUnavailable(f"{path} cannot be opened: {error}") from error
        self._thread = threading.Thread(target=self._serve, name="deliveries", daemon=True)
        self._thread.start()

    async def store(self, delivery: Delivery) -> Stored:
        return await self._do(lambda db: _store(db, delivery))

    async def take(self, limit: int, now: float) -> Sequence[Delivery]:
        return await self._do(lambda db: _take(db, limit, now))

    async def finish(self, delivery_id: str, state: State, *, now: float, result: str) -> None:
        # A dead one keeps its payload: people look at it and retry it.
        payload = "payload" if state is State.DEAD else "x''"
        sql = f"UPDATE deliveries SET state=?, result=?, finished_at=?, payload={payload} WHERE id=?"  # noqa: S608
        await self._do(lambda db: db.execute(sql, (state.value, result[:2000], now, delivery_id)).rowcount)

    async def give_back(self, delivery_id: str, *, not_before: float, attempts: int, result: str) -> None:
        await self._do(lambda db: _requeue(db, delivery_id, not_before, attempts, result))

    async def next_due(self) -> float | None:
        sql = (
            "SELECT MIN(not_before) FROM deliveries WHERE state='queued'"
            " AND lane NOT IN (SELECT lane FROM deliveries WHERE state='running')"
        )
        return await self._do(lambda db: _number(db, sql))

    async def recover(self) -> int:
        return await self._do(lambda db: _recover(db))

    async def get(self, delivery_id: str) -> Delivery | None:
        sql = f"SELECT {_COLUMNS} FROM deliveries WHERE id=?"  # noqa: S608
        return await self._do(lambda db: next((_row(r) for r in db.execute(sql, (delivery_id,))), None))

    async def listed(self, states: Collection[State], limit: int = 100) -> Sequence[Delivery]:
        marks = ",".join("?" * len(states))
        sql = f"SELECT {_BARE} FROM deliveries WHERE state IN ({marks}) ORDER BY seq DESC LIMIT ?"  # noqa: S608
        values = (*(s.value for s in states), limit)
        return await self._do(lambda db: [_row(r) for r in db.execute(sql, values)])

    async def retry(self, delivery_id: str) -> bool:
        sql = (
            "UPDATE deliveries SET state='queued', attempts=0, not_before=0, finished_at=NULL"
            " WHERE id=? AND state='dead'"
        )
        return await self._do(lambda db: db.execute(sql, (delivery_id,)).rowcount == 1)

    async def counts(self) -> Mapping[State, int]:
        sql = "SELECT state, COUNT(*) FROM deliveries GROUP BY state"
        found = await self._do(lambda db: dict(db.execute(sql).fetchall()))
        return {state: found.get(state.value, 0) for state in State}

    async def oldest_queued(self) -> float | None:
        return await self._do(lambda db: _number(db, "SELECT MIN(received_at) FROM deliveries WHERE state='queued'"))

    async def expire(self, *, done_before: float, dead_before: float) -> int:
        sql = "DELETE FROM deliveries WHERE (state='done' AND finished_at < ?) OR (state='dead' AND finished_at < ?)"
        return await self._do(lambda db: db.execute(sql, (done_before, dead_before)).rowcount)

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
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


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
    db.executescript(_SCHEMA)
    return db


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StateDirectoryInUse(f"another argofix server works with {path.parent}") from None
    return descriptor


def _store(db: sqlite3.Connection, new: Delivery) -> Stored:
    known = db.execute("SELECT state FROM deliveries WHERE id=?", (new.id,)).fetchone()
    if known is not None and known[0] != State.DEAD:
        return Stored(already_processed=known[0] == State.DONE)
    if known is not None:
        # GitHub delivers again what we gave up on: somebody asked for it.
        sql = (
            "UPDATE deliveries SET state='queued', payload=?, attempts=0, not_before=0, received_at=?,"
            " finished_at=NULL WHERE id=?"
        )
        db.execute(sql, (new.payload, new.received_at, new.id))
        return Stored(already_processed=False)
    overtaken: list[str] = []
    if new.supersedes is not None:
        older = db.execute(
            "SELECT id, state FROM deliveries WHERE supersedes=? AND state IN ('queued', 'running')",
            (new.supersedes,),
        ).fetchall()
        for older_id, state in older:
            if state == State.RUNNING:
                overtaken.append(older_id)
            else:
                _supersede(db, older_id, new.received_at)
    db.execute(
        f"INSERT INTO deliveries ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - fixed names
        (
            new.id,
            new.event,
            new.payload,
            new.received_at,
            new.lane,
            new.repository,
            new.supersedes,
            State.QUEUED.value,
            0,
            new.not_before,
            "",
            None,
        ),
    )
    return Stored(already_processed=False, overtaken=tuple(overtaken))


def _supersede(db: sqlite3.Connection, delivery_id: str, now: float) -> None:
    sql = "UPDATE deliveries SET state='done', result='superseded', finished_at=?, payload=x'' WHERE id=?"
    db.execute(sql, (now, delivery_id))


def _take(db: sqlite3.Connection, limit: int, now: float) -> list[Delivery]:
    first_of_lanes = (
        "SELECT MIN(seq) FROM deliveries WHERE state='queued' AND not_before<=?"
        " AND lane NOT IN (SELECT lane FROM deliveries WHERE state='running')"
        " GROUP BY lane ORDER BY MIN(seq) LIMIT ?"
    )
    taken = []
    for (seq,) in db.execute(first_of_lanes, (now, limit)).fetchall():
        db.execute("UPDATE deliveries SET state='running' WHERE seq=?", (seq,))
        taken.append(_row(db.execute(f"SELECT {_COLUMNS} FROM deliveries WHERE seq=?", (seq,)).fetchone()))  # noqa: S608
    return taken


def _requeue(db: sqlite3.Connection, delivery_id: str, not_before: float, attempts: int, result: str) -> None:
    newer = db.execute(
        "SELECT 1 FROM deliveries AS mine JOIN deliveries AS other ON other.supersedes = mine.supersedes"
        " WHERE mine.id=? AND other.seq > mine.seq AND other.state='queued'",
        (delivery_id,),
    ).fetchone()
    if newer is not None:
        _supersede(db, delivery_id, not_before)
        return
    db.execute(
        "UPDATE deliveries SET state='queued', not_before=?, attempts=?, result=? WHERE id=? AND state='running'",
        (not_before, attempts, result[:2000], delivery_id),
    )


def _recover(db: sqlite3.Connection) -> int:
    running = db.execute("SELECT id, attempts, result FROM deliveries WHERE state='running'").fetchall()
    for delivery_id, attempts, result in running:
        # It may be what killed the server, so this counts as an attempt.
        _requeue(db, delivery_id, 0.0, attempts + 1, result or "the server ended while it ran")
    return len(running)


def _number(db: sqlite3.Connection, sql: str) -> float | None:
    value: float | None = db.execute(sql).fetchone()[0]
    return value


def _row(row: Sequence[Any]) -> Delivery:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["state"] = State(values["state"])
    return Delivery(**values)
