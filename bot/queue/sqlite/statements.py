"""The SQL of `bot.queue.sqlite.store`. Every function runs inside a transaction that its caller commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from bot.queue.deliveries import LEFT_RUNNING, Delivery, State, Stored, plain

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
    finished_at REAL,
    installation INTEGER NOT NULL DEFAULT 0,
    rank INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS waiting ON deliveries (lane, not_before, seq) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS working ON deliveries (lane) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS at_work ON deliveries (installation) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS same_work ON deliveries (supersedes) WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS finished ON deliveries (state, finished_at);
-- The delivery that each idle lane would give next: `take` need not look at the others. Derived, see `elect`.
CREATE TABLE IF NOT EXISTS firsts (
    lane TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    not_before REAL NOT NULL,
    installation INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS first_due ON firsts (not_before);
CREATE INDEX IF NOT EXISTS first_of ON firsts (installation, not_before, seq);
-- When each installation had its last turn.
CREATE TABLE IF NOT EXISTS turns (installation INTEGER PRIMARY KEY, last INTEGER NOT NULL);
"""
# Databases of earlier versions: what they lack, and what they had instead of `firsts`.
ADDED = ("installation INTEGER NOT NULL DEFAULT 0", "rank INTEGER NOT NULL DEFAULT 0")
COLUMNS = (
    "id, event, payload, received_at, lane, repository, supersedes, state, attempts, not_before, result, finished_at,"
    " installation, rank"
)
BARE = COLUMNS.replace("payload", "x'' AS payload")


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an earlier version up to date."""
    columns = {row[1] for row in db.execute("PRAGMA table_info(deliveries)")}
    for column in ADDED if columns else ():
        if column.split()[0] not in columns:
            db.execute(f"ALTER TABLE deliveries ADD COLUMN {column}")
    db.executescript(SCHEMA)


def store(db: sqlite3.Connection, new: Delivery) -> Stored:
    known = db.execute("SELECT state FROM deliveries WHERE id=?", (new.id,)).fetchone()
    if known is not None and known[0] != State.DEAD:
        return Stored(already_processed=known[0] == State.DONE)
    if known is not None:
        # GitHub delivers again what we gave up on: somebody asked for it.
        sql = (
            "UPDATE deliveries SET state='queued', payload=?, attempts=0, not_before=?, received_at=?,"
            " finished_at=NULL WHERE id=?"
        )
        db.execute(sql, (new.payload, new.not_before, new.received_at, new.id))
        elect(db, new.lane)
        return Stored(already_processed=False)
    overtaken: list[str] = []
    if new.supersedes is not None:
        older = db.execute(
            "SELECT id, state FROM deliveries WHERE supersedes=? AND state IN ('queued', 'running')",
            (new.supersedes,),
        ).fetchall()
        for older_id, state in older:
            if state == State.QUEUED:
                _supersede(db, older_id, new.received_at)
            elif new.interrupts:
                overtaken.append(older_id)
    _insert(db, new)
    elect(db, new.lane)
    return Stored(already_processed=False, overtaken=tuple(overtaken))


def adopt(db: sqlite3.Connection, deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        if db.execute("SELECT 1 FROM deliveries WHERE id=?", (delivery.id,)).fetchone() is None:
            _insert(db, delivery)
            elect(db, delivery.lane)


def _insert(db: sqlite3.Connection, delivery: Delivery) -> None:
    values = [getattr(delivery, name) for name in COLUMNS.split(", ")]
    db.execute(f"INSERT INTO deliveries ({COLUMNS}) VALUES ({','.join('?' * len(values))})", values)  # noqa: S608


def elect(db: sqlite3.Connection, lane: str | None = None) -> None:
    """Find out anew which delivery a lane (else: every lane) would give next; none while one of it runs."""
    where = "" if lane is None else " WHERE lane = :lane"
    db.execute(f"DELETE FROM firsts{where}", {"lane": lane})  # noqa: S608 - fixed text
    lanes = "SELECT DISTINCT lane FROM deliveries WHERE state='queued'" if lane is None else "SELECT :lane AS lane"
    db.execute(
        "INSERT INTO firsts SELECT lane, seq, not_before, installation FROM deliveries WHERE seq IN ("  # noqa: S608 - fixed text
        "SELECT (SELECT seq FROM deliveries AS d WHERE d.lane = l.lane AND d.state='queued'"
        f" ORDER BY d.not_before, d.seq LIMIT 1) FROM ({lanes}) AS l"
        " WHERE NOT EXISTS (SELECT 1 FROM deliveries AS r WHERE r.lane = l.lane AND r.state='running'))",
        {"lane": lane},
    )


def _supersede(db: sqlite3.Connection, delivery_id: str, now: float) -> None:
    sql = "UPDATE deliveries SET state='done', result='superseded', finished_at=?, payload=x'' WHERE id=?"
    db.execute(sql, (now, delivery_id))


# Installations that have something to give, found by their index: a step for each of them, and not for each lane.
_TURN = """
WITH RECURSIVE holder(installation) AS (
    SELECT MIN(installation) FROM firsts
    UNION ALL
    SELECT (SELECT MIN(installation) FROM firsts WHERE installation > holder.installation)
    FROM holder WHERE holder.installation IS NOT NULL
)
SELECT installation FROM holder
WHERE EXISTS (SELECT 1 FROM firsts AS f WHERE f.installation = holder.installation AND f.not_before <= :now)
ORDER BY (SELECT COUNT(*) FROM deliveries AS d WHERE d.state = 'running' AND d.installation = holder.installation),
    COALESCE((SELECT last FROM turns AS t WHERE t.installation = holder.installation), 0),
    (SELECT MIN(not_before) FROM firsts AS f WHERE f.installation = holder.installation)
LIMIT 1
"""


def take(db: sqlite3.Connection, limit: int, now: float) -> list[Delivery]:
    taken: list[Delivery] = []
    while len(taken) < limit and (turn := db.execute(_TURN, {"now": now}).fetchone()) is not None:
        seq, lane = db.execute(
            "SELECT seq, lane FROM firsts WHERE installation=? AND not_before<=? ORDER BY not_before, seq LIMIT 1",
            (turn[0], now),
        ).fetchone()
        delivery = _row(db, seq)
        if delivery.rank:
            better = db.execute(
                "SELECT seq FROM deliveries WHERE lane=? AND state='queued' AND rank=0 AND not_before<=?"
                " ORDER BY not_before, seq LIMIT 1",
                (lane, now),
            ).fetchone()
            if better is not None:
                seq, delivery = better[0], _row(db, better[0])
        db.execute("UPDATE deliveries SET state='running' WHERE seq=?", (seq,))
        db.execute("DELETE FROM firsts WHERE lane=?", (lane,))
        db.execute("INSERT OR REPLACE INTO turns SELECT ?, COALESCE(MAX(last), 0) + 1 FROM turns", turn)
        taken.append(replace(delivery, state=State.RUNNING))
    return taken


def _row(db: sqlite3.Connection, seq: int) -> Delivery:
    return read(db.execute(f"SELECT {COLUMNS} FROM deliveries WHERE seq=?", (seq,)).fetchone())  # noqa: S608


def finish(db: sqlite3.Connection, delivery_id: str, state: State, now: float, result: str) -> None:
    # A dead one keeps its payload: people look at it and retry it.
    payload = "payload" if state is State.DEAD else "x''"
    sql = (
        f"UPDATE deliveries SET state=?, result=?, finished_at=?, payload={payload}"  # noqa: S608 - fixed names
        " WHERE id=? AND state='running' RETURNING lane"
    )
    for (lane,) in db.execute(sql, (state.value, plain(result), now, delivery_id)).fetchall():
        elect(db, lane)


def retry(db: sqlite3.Connection, delivery_id: str) -> bool:
    sql = (
        "UPDATE deliveries SET state='queued', attempts=0, not_before=0, finished_at=NULL"
        " WHERE id=? AND state='dead' RETURNING lane"
    )
    lanes = db.execute(sql, (delivery_id,)).fetchall()
    for (lane,) in lanes:
        elect(db, lane)
    return bool(lanes)


def forget(db: sqlite3.Connection, delivery_ids: Collection[str]) -> None:
    sql = "DELETE FROM deliveries WHERE id=? AND state<>'running' RETURNING lane"
    for delivery_id in delivery_ids:
        for (lane,) in db.execute(sql, (delivery_id,)).fetchall():
            elect(db, lane)


def requeue(db: sqlite3.Connection, delivery_id: str, not_before: float, attempts: int, result: str) -> None:
    found = db.execute(
        "SELECT lane, seq, supersedes FROM deliveries WHERE id=? AND state='running'", (delivery_id,)
    ).fetchone()
    if found is None:
        return
    lane, seq, supersedes = found
    newer = db.execute(
        "SELECT received_at FROM deliveries WHERE supersedes=? AND seq>? AND state='queued'", (supersedes, seq)
    ).fetchone()
    if newer is not None:
        # Not `not_before`, which may be 0: it would be forgotten at once, and done again when GitHub redelivers it.
        _supersede(db, delivery_id, newer[0])
    else:
        db.execute(
            "UPDATE deliveries SET state='queued', not_before=?, attempts=?, result=? WHERE seq=?",
            (not_before, attempts, plain(result), seq),
        )
    elect(db, lane)


def recover(db: sqlite3.Connection) -> int:
    running = db.execute("SELECT id, attempts, result FROM deliveries WHERE state='running'").fetchall()
    for delivery_id, attempts, result in running:
        # It may be what killed the server, so this counts as an attempt.
        requeue(db, delivery_id, 0.0, attempts + 1, result or LEFT_RUNNING)
    elect(db)
    return len(running)


def first_number(db: sqlite3.Connection, sql: str) -> float | None:
    value: float | None = db.execute(sql).fetchone()[0]
    return value


def read(row: Sequence[Any]) -> Delivery:
    values = dict(zip(COLUMNS.split(", "), row, strict=True))
    values["state"] = State(values["state"])
    return Delivery(**values)
