"""Renderings kept across commits and restarts, by fingerprint.

A fingerprint covers everything a rendering depends on, so an entry never goes stale; it is dropped only to save
space. Secret values never get here: they are digests before a rendering leaves the renderer.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import sqlite3
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from gitops.resources.rendering import Call, Decides, Fault, Output, Unstable
from gitops.resources.resource import Resource, ResourceId

_SCHEMA = (
    5  # 5: what the engine tells of charts; 4: a line each; 3: sizes, and refusals; 2: errors without Secret values
)
_KEY = 32  # bytes
_BATCH = 500  # bound parameters of one statement


class RenderCache:
    """`get` and `put` outputs: blocking, for threads, one at a time; several processes may share a directory. A
    database that cannot be used counts as empty: a cache must never stop the work. One that is locked for longer than
    `patience` seconds is tried again the next time. `most` bounds the bytes of all bodies."""

    def __init__(self, directory: Path, most: int = 1024**3, patience: float = 5.0) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._path = directory / f"renderings-{_SCHEMA}.sqlite"
        self._most = most
        self._patience = patience
        self._lock = threading.Lock()
        self._held = 0
        self._closed = False
        self.key = _redaction_key(directory)
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection | None:
        # An operational error is that somebody has locked it, or that the disk is full.
        with contextlib.suppress(OSError, sqlite3.OperationalError), _alone(self._directory):
            try:
                return self._connected()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # it is no database any more
                for name in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + name).unlink(missing_ok=True)
                return self._connected()
        return None

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS rendering (fingerprint TEXT UNIQUE NOT NULL, size INTEGER, body BLOB)"
            )
            made_with = int.from_bytes(hashlib.sha256(self.key).digest()[:4], "big", signed=True)
            if connection.execute("PRAGMA user_version").fetchone()[0] != made_with:
                # Digests under another key would make equal Secrets look different.
                connection.execute("DELETE FROM rendering")
                connection.execute(f"PRAGMA user_version={made_with}")
            self._held = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM rendering").fetchone()[0]
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _again(self) -> sqlite3.Connection | None:
        if self._connection is None and not self._closed:
            self._connection = self._open()
        return self._connection

    def get(self, fingerprints: Iterable[str], wanted: Callable[[str, int], bool]) -> Mapping[str, Output | None]:
        """The outputs that are known; None for those that are not `wanted` (fingerprint, `Output.size`), which are
        not read into memory."""
        asked = list(fingerprints)
        found: dict[str, Output | None] = {}
        with self._lock:
            connection = self._again()
            if connection is None:
                return found
            for start in range(0, len(asked), _BATCH):
                batch = asked[start : start + _BATCH]
                marks = ",".join("?" * len(batch))
                query = f"SELECT fingerprint, size FROM rendering WHERE fingerprint IN ({marks})"  # noqa: S608
                try:
                    for fingerprint, size in connection.execute(query, batch).fetchall():
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
            if not rows or self._again() is None:
                return
            assert self._connection is not None
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
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _encode(output: Output) -> bytes:
    # A line each: one call for all of it would stop all other threads meanwhile.
    fault = None if output.fault is None else astuple(output.fault)
    unstable = [
        (*(_id(u.resource) if u.resource else [None] * 4), u.field, u.path, u.line, list(map(astuple, u.calls)))
        for u in output.unstable
    ]
    decides = list(map(astuple, output.decides))
    lines = [json.dumps([output.error, output.lifted, output.refused, fault, unstable, output.said, decides])]
    lines += (
        json.dumps(
            (
                *_id(r.id),
                *(r.path, r.generator, r.hook, r.line, r.end_line, r.template, r.random),
                r.text.decode("utf-8", "surrogateescape"),
            )
        )
        for r in output.resources
    )
    return zlib.compress("\n".join(lines).encode(), 1)


def _id(rid: ResourceId) -> tuple[str, str, str, str]:
    return (rid.group, rid.kind, rid.namespace, rid.name)


def _decode(body: bytes) -> Output | None:
    try:
        first, *rows = zlib.decompress(body).split(b"\n")
        error, lifted, refused, fault, unstable, said, decides = json.loads(first)
        resources = tuple(
            Resource(
                ResourceId(group, kind, namespace, name),
                text.encode("utf-8", "surrogateescape"),
                *rest,
            )
            for group, kind, namespace, name, *rest, text in map(json.loads, rows)
        )
        return Output(
            resources,
            error,
            lifted,
            refused=refused,
            fault=_fault(fault),
            unstable=tuple(map(_unstable, unstable)),
            said=tuple(said),
            decides=tuple(Decides(*each) for each in decides),
        )
    except (ValueError, TypeError, zlib.error):
        return None


def _unstable(row: list[Any]) -> Unstable:
    group, kind, namespace, name, field, path, line, calls = row
    resource = None if kind is None else ResourceId(group, kind, namespace, name)
    return Unstable(resource, field, path, line, tuple(Call(*one) for one in calls))


def _fault(row: list[Any] | None) -> Fault | None:
    if row is None:
        return None
    code, message, path, line, entry, wanted = row
    return Fault(code, message, path, line, entry, tuple(wanted))


def _redaction_key(directory: Path) -> bytes:
    """The key behind the digests of Secret values; kept, since kept renderings hold digests made with it. Processes
    that start at once get the same one."""
    path = directory / "redaction.key"
    key = _whole(path)
    if key is not None:
        return key
    descriptor, name = tempfile.mkstemp(dir=directory, prefix="redaction-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY))
        with _alone(directory):
            if path.exists() and _whole(path) is None:
                path.unlink()
            try:
                os.link(name, path)
            except FileExistsError:
                pass  # somebody was faster
            except OSError:  # a file system without links
                if not path.exists():
                    Path(name).rename(path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path.read_bytes()


def _whole(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        return key if len(key) == _KEY else None
    return None


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Nobody else is inside, in whatever process."""
    descriptor = os.open(directory / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
