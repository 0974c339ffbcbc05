"""Renderings kept across commits and restarts, by fingerprint.

A fingerprint covers everything a rendering depends on, so an entry never goes stale; it is dropped only to save
space. Secret values never get here: they are digests before a rendering leaves the renderer.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from gitops.rendering import Output
from gitops.resources import Resource, ResourceId

_SCHEMA = 2  # 2: errors without Secret values, no manifest that cannot be read again
_BATCH = 500  # bound parameters of one statement


class RenderCache:
    """`get` and `put` outputs. A database that cannot be used counts as empty: a cache must never stop the work."""

    def __init__(self, directory: Path, most: int = 50_000) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = directory / f"renderings-{_SCHEMA}.sqlite"
        self._most = most
        self._connection = self._open()
        self.key = _redaction_key(directory)

    def _open(self) -> sqlite3.Connection | None:
        for attempt in (1, 2):
            try:
                connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=OFF")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS rendering (fingerprint TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID"
                )
                return connection
            except sqlite3.DatabaseError:
                if attempt == 1:
                    self._path.unlink(missing_ok=True)
        return None

    def get(self, fingerprints: Iterable[str]) -> Mapping[str, Output]:
        """The outputs that are known."""
        wanted = list(fingerprints)
        found: dict[str, Output] = {}
        if self._connection is None:
            return found
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            query = f"SELECT fingerprint, body FROM rendering WHERE fingerprint IN ({marks})"  # noqa: S608
            try:
                rows = self._connection.execute(query, batch).fetchall()
            except sqlite3.DatabaseError:
                return found
            for fingerprint, body in rows:
                output = _decode(body)
                if output is not None:
                    found[fingerprint] = output
        return found

    def put(self, outputs: Mapping[str, Output]) -> None:
        """Keep these outputs, except transient ones."""
        rows = [(key, _encode(output)) for key, output in outputs.items() if not output.transient]
        if self._connection is None or not rows:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO rendering VALUES (?, ?)", rows)
            count = self._connection.execute("SELECT count(*) FROM rendering").fetchone()[0]
            if count > self._most:
                # Any quarter will do: what is still in use comes back with its next rendering.
                self._connection.execute(
                    "DELETE FROM rendering WHERE fingerprint IN (SELECT fingerprint FROM rendering LIMIT ?)",
                    (self._most // 4,),
                )
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _encode(output: Output) -> bytes:
    rows = [
        (*_id(r.id), r.path, r.generator, r.hook, r.text.decode("utf-8", "surrogateescape")) for r in output.resources
    ]
    return zlib.compress(json.dumps([rows, output.error, output.lifted]).encode(), 1)


def _id(rid: ResourceId) -> tuple[str, str, str, str]:
    return (rid.group, rid.kind, rid.namespace, rid.name)


def _decode(body: bytes) -> Output | None:
    try:
        rows, error, lifted = json.loads(zlib.decompress(body))
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
        return Output(resources, error, lifted)
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
