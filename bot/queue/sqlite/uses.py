"""The SQL of `bot.queue.uses` for SQLite. Every function runs inside a transaction that its caller commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from bot.queue.uses import User

SCHEMA = """
CREATE TABLE IF NOT EXISTS uses (
    installation INTEGER NOT NULL,
    repository INTEGER NOT NULL,
    name TEXT NOT NULL,
    used TEXT NOT NULL,
    PRIMARY KEY (repository, used)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS users ON uses (used, installation);
"""


def keep(db: sqlite3.Connection, installation: int, user: User, used: Collection[str]) -> None:
    db.execute("DELETE FROM uses WHERE repository = ?", (user.repository,))
    rows = [(installation, user.repository, user.name, each) for each in sorted(set(used))]
    db.executemany("INSERT INTO uses (installation, repository, name, used) VALUES (?, ?, ?, ?)", rows)


def users(db: sqlite3.Connection, installation: int, used: str, most: int) -> list[User]:
    found = db.execute(
        "SELECT repository, name FROM uses WHERE used = ? AND installation = ? ORDER BY repository LIMIT ?",
        (used, installation, most),
    )
    return [User(*row) for row in found]
