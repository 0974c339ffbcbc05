"""The SQL of `bot.sqlite_store`. Every function runs inside a transaction that its caller commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from bot.deliveries import Delivery, State, Stored

SCHEMA = """
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
COLUMNS = (
    "id, event, payload, received_at, lane, repository, supersedes, state, attempts, not_before, result, finished_at"
)
BARE = COLUMNS.replace("payload", "x'' AS payload")


def store(db: sqlite3.Connection, new: Delivery) -> Stored:
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
                supersede(db, older_id, new.received_at)
    db.execute(
        f"INSERT INTO deliveries ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 - fixed names
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


def supersede(db: sqlite3.Connection, delivery_id: str, now: float) -> None:
    sql = "UPDATE deliveries SET state='done', result='superseded', finished_at=?, payload=x'' WHERE id=?"
    db.execute(sql, (now, delivery_id))


def take(db: sqlite3.Connection, limit: int, now: float) -> list[Delivery]:
    first_of_lanes = (
        "SELECT MIN(seq) FROM deliveries WHERE state='queued' AND not_before<=?"
        " AND lane NOT IN (SELECT lane FROM deliveries WHERE state='running')"
        " GROUP BY lane ORDER BY MIN(seq) LIMIT ?"
    )
    taken = []
    for (seq,) in db.execute(first_of_lanes, (now, limit)).fetchall():
        db.execute("UPDATE deliveries SET state='running' WHERE seq=?", (seq,))
        taken.append(read(db.execute(f"SELECT {COLUMNS} FROM deliveries WHERE seq=?", (seq,)).fetchone()))  # noqa: S608
    return taken


def requeue(db: sqlite3.Connection, delivery_id: str, not_before: float, attempts: int, result: str) -> None:
    newer = db.execute(
        "SELECT other.received_at FROM deliveries AS mine"
        " JOIN deliveries AS other ON other.supersedes = mine.supersedes"
        " WHERE mine.id=? AND other.seq > mine.seq AND other.state='queued'",
        (delivery_id,),
    ).fetchone()
    if newer is not None:
        # Not `not_before`, which may be 0: it would be forgotten at once, and done again when GitHub redelivers it.
        supersede(db, delivery_id, newer[0])
        return
    db.execute(
        "UPDATE deliveries SET state='queued', not_before=?, attempts=?, result=? WHERE id=? AND state='running'",
        (not_before, attempts, result[:2000], delivery_id),
    )


def recover(db: sqlite3.Connection) -> int:
    running = db.execute("SELECT id, attempts, result FROM deliveries WHERE state='running'").fetchall()
    for delivery_id, attempts, result in running:
        # It may be what killed the server, so this counts as an attempt.
        requeue(db, delivery_id, 0.0, attempts + 1, result or "the server ended while it ran")
    return len(running)


def first_number(db: sqlite3.Connection, sql: str) -> float | None:
    value: float | None = db.execute(sql).fetchone()[0]
    return value


def read(row: Sequence[Any]) -> Delivery:
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    values["state"] = State(values["state"])
    return Delivery(**values)
