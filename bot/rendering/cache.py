"""Renderings kept across commits and restarts, by fingerprint.

A fingerprint covers everything a rendering depends on, so an entry never goes stale; it is dropped only to save
space. Secret values never get here: they are digests before a rendering leaves the renderer.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gitops.resources.rendering import Output
from gitops.resources.resource import Resource, ResourceId

_SCHEMA = 3  # 3: sizes, and refusals; 2: errors without Secret values, no manifest that cannot be read again
_BATCH = 500  # bound parameters of one statement


class RenderCache:
    """`get` and `put` outputs: blocking, for threads, one at a time. A database that cannot be used counts as empty:
    a cache must never stop the work. `most` bounds the bytes of all bodies."""

    def __init__(self, directory: Path, most: int = 1024**3) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / f"renderings-{_SCHEMA}.sqlite"
        self._most = most
        self._lock = threading.Lock()
        self._held = 0
        self._connection = self._open()
        self.key = _redaction_key(directory)

    def _open(self) -> sqlite3.Connection | None:
        for attempt in (1, 2):
            try:
                connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=OFF")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS rendering (fingerprint TEXT UNIQUE NOT NULL, size INTEGER, body BLOB)"
                )
                self._held = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM rendering").fetchone()[0]
                return connection
            except sqlite3.DatabaseError:
                if attempt == 1:
                    self._path.unlink(missing_ok=True)
        return None

    def get(self, fingerprints: Iterable[str], wanted: Callable[[str, int], bool]) -> Mapping[str, Output | None]:
        """The outputs that are known; None for those that are not `wanted` (fingerprint, `Output.size`), which are
        not read into memory."""
        asked = list(fingerprints)
        found: dict[str, Output | None] = {}
        with self._lock:
            if self._connection is None:
                return found
            for start in range(0, len(asked), _BATCH):
                batch = asked[start : start + _BATCH]
                marks = ",".join("?" * len(batch))
                query = f"SELECT fingerprint, size FROM rendering WHERE fingerprint IN ({marks})"  # noqa: S608
                try:
                    for fingerprint, size in self._connection.execute(query, batch).fetchall():
                        if not wanted(fingerprint, size):
                            found[fingerprint] = None
                            continue
                        output = self._read(fingerprint)
                        if output is not None:
                            found[fingerprint] = output
                except sqlite3.DatabaseError:
                    return found
        return found

    def _read(self, fingerprint: str) -> Output | None:
        assert self._connection is not None
        query = "SELECT body FROM rendering WHERE fingerprint = ?"
        row = self._connection.execute(query, (fingerprint,)).fetchone()
        return _decode(row[0]) if row is not None else None

    def put(self, outputs: Mapping[str, Output]) -> None:
        """Keep these outputs, except transient ones."""
        rows = [(key, output.size, _encode(output)) for key, output in outputs.items() if not output.transient]
        rows = [row for row in rows if len(row[2]) <= self._most // 4]
        with self._lock:
            if self._connection is None or not rows:
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO rendering VALUES (?, ?, ?)", rows)
                held = self._held + sum(len(body) for _, _, body in rows)
                if held > self._most:
                    held = self._make_room()
                self._connection.execute("COMMIT")
                self._held = held
            except sqlite3.DatabaseError:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _make_room(self) -> int:
        """Drop what came first, until a quarter is free; what is still in use comes back with its next rendering."""
        assert self._connection is not None
        total = "SELECT coalesce(sum(length(body)), 0) FROM rendering"
        held = int(self._connection.execute(total).fetchone()[0])
        sizes = "SELECT rowid, length(body) FROM rendering ORDER BY rowid"
        last = None
        for rowid, size in self._connection.execute(sizes):
            if held <= self._most * 3 // 4:
                break
            held, last = held - size, rowid
        if last is not None:
            self._connection.execute("DELETE FROM rendering WHERE rowid <= ?", (last,))
        return held

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _encode(output: Output) -> bytes:
    rows = [
        (*_id(r.id), r.path, r.generator, r.hook, r.text.decode("utf-8", "surrogateescape")) for r in output.resources
    ]
    return zlib.compress(json.dumps([rows, output.error, output.lifted, output.refused]).encode(), 1)


def _id(rid: ResourceId) -> tuple[str, str, str, str]:
    return (rid.group, rid.kind, rid.namespace, rid.name)


def _decode(body: bytes) -> Output | None:
    try:
        rows, error, lifted, refused = json.loads(zlib.decompress(body))
        resources = tuple(
            Resource(
                ResourceId(group, kind, namespace, name),
                text.encode("utf-8", "surrogateescape"),
                path,
                generator,
                hook,
            )
            for group, kind, namespace, name, path, generator, hook, text in rows
        )
        return Output(resources, error, lifted, refused=refused)
    except (ValueError, TypeError, zlib.error):
        return None


def _redaction_key(directory: Path) -> bytes:
    """The key behind the digests of Secret values; kept, since kept renderings hold digests made with it."""
    path = directory / "redaction.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) == 32:
            return key
        path.unlink()
        return _redaction_key(directory)
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
    return key
