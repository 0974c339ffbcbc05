"""The SQL of `bot.queue.pages` for SQLite. Every function runs inside a transaction that its caller commits."""

from __future__ import annotations

import sqlite3

from bot.queue.pages import Page, too_many

SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (
    name TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    kept_at REAL NOT NULL,
    expires REAL NOT NULL
);
"""


def keep(db: sqlite3.Connection, page: Page) -> None:
    db.execute("DELETE FROM pages WHERE expires <= ?", (page.kept_at,))
    db.execute(
        "INSERT INTO pages (name, body, kept_at, expires) VALUES (?, ?, ?, ?) ON CONFLICT (name)"
        " DO UPDATE SET kept_at = excluded.kept_at, expires = max(expires, excluded.expires)",
        (page.name, page.body, page.kept_at, page.expires),
    )
    kept = db.execute("SELECT name, length(body) FROM pages ORDER BY kept_at DESC, name").fetchall()
    db.executemany("DELETE FROM pages WHERE name = ?", [(name,) for name in too_many(kept)])


def find(db: sqlite3.Connection, name: str, now: float) -> Page | None:
    found = db.execute(
        "SELECT name, body, kept_at, expires FROM pages WHERE name = ? AND expires > ?", (name, now)
    ).fetchone()
    return None if found is None else Page(*found)
