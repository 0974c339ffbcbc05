"""The content of blobs of a local git repository, through one long-lived `git cat-file
--batch-command`.

In a mirror only those are here that somebody asked for. One that is missing is brought when it is read, and others
beside it too, more with each time: however many are missing, there are few round trips.
"""

from __future__ import annotations

import bisect
import posixpath
import subprocess
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cachetools import LRUCache

from bot.process.errors import TemporaryError
from bot.repositories.git import GitError, close_git, open_git
from gitops.files.errors import TooLarge
from gitops.files.tree import MAX_FILE_BYTES, MODE_SUBMODULE, Entry
from gitops.kustomize.reading import never_text

CACHE_BYTES = 64 * 1024 * 1024
_BATCH = 1000  # requests written before the answers are read: 50 bytes each, well inside a pipe's 64 KiB

Bring = Callable[[Sequence[str]], None]


class BlobUnreadable(GitError, TemporaryError):
    """An object that the tree names is missing or damaged; a mirror repairs that by fetching anew."""

    def __init__(self, message: str) -> None:
        GitError.__init__(self, message)
        self.delay = None


@dataclass(slots=True)
class Neighbours:
    """What lies beside a file that had to be brought and may be read next."""

    entries: Mapping[str, Entry]
    _paths: list[str] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _times: int = 0

    def of(self, path: str) -> list[str]:
        """Blob ids: twice as many as the time before."""
        if not self._paths:
            self._paths = sorted(p for p, e in self.entries.items() if e.mode != MODE_SUBMODULE and not never_text(p))
        directory = posixpath.dirname(path)
        start = bisect.bisect_left(self._paths, directory)
        count, self._times = 2**self._times, self._times + 1
        beside = [self.entries[each] for each in self._paths[start : start + count]]
        found = [entry.oid for entry in beside if entry.size < 0 and entry.oid not in self._told]
        self._told.update(found)
        return found


class Blobs:
    """Content by object id, the last 64 MiB of it kept. `bring` blocks until blobs are here that are not."""

    def __init__(self, directory: Path, on_damage: Callable[[], None], bring: Bring | None = None) -> None:
        self._directory = directory
        self._on_damage = on_damage
        self._bring = bring
        self._lock = threading.Lock()
        self._cache: LRUCache[str, bytes] = LRUCache(CACHE_BYTES, getsizeof=len)
        self._process: subprocess.Popen[bytes] | None = None
        self._finalizer: weakref.finalize[[subprocess.Popen[bytes]], Blobs] | None = None
        self._closed = False

    def read(self, path: str, entry: Entry, near: Neighbours | None = None) -> bytes:
        """Raises `BlobUnreadable`, and `gitops.files.errors.TooLarge` for more than `MAX_FILE_BYTES`."""
        if entry.mode == MODE_SUBMODULE:
            return b""
        with self._lock:
            data = self._cache.get(entry.oid)
            if data is not None:
                return data
            found = self._ask([entry.oid])[0]
            if found is None and self._bring is not None:
                self._bring(list(dict.fromkeys([entry.oid, *(near.of(path) if near is not None else ())])))
                found = self._ask([entry.oid])[0]
            if found is None:
                self._on_damage()
                raise BlobUnreadable(f"object {entry.oid} cannot be read: it is missing")
            if isinstance(found, int):
                raise TooLarge(f"{path} has {found:,} bytes; argofix reads files up to {MAX_FILE_BYTES:,}")
            return found

    def sizes(self, oids: list[str]) -> dict[str, int]:
        """Bytes of each that is here, and is a blob."""
        found: list[bytes | int | None] = []
        with self._lock:
            for start in range(0, len(oids), _BATCH):
                self._exchange(oids[start : start + _BATCH], found, content=False)
        return {oid: size for oid, size in zip(oids, found, strict=True) if isinstance(size, int)}

    def preload(self, oids: list[str]) -> None:
        """Read what is here of these."""
        with self._lock:
            missing = list(dict.fromkeys(oid for oid in oids if oid not in self._cache))
            for start in range(0, len(missing), _BATCH):
                self._ask(missing[start : start + _BATCH])

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._cache.clear()
            self._stop()

    def rest(self) -> None:
        """End git's process until the next read."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._finalizer = None

    def _ask(self, oids: list[str]) -> list[bytes | int | None]:
        """The content of each; its length where that is too much to be read, None for one that is not here."""
        found: list[bytes | int | None] = []
        while len(found) < len(oids):
            self._exchange(oids[len(found) :], found)
        return found

    def _exchange(self, oids: list[str], found: list[bytes | int | None], *, content: bool = True) -> None:
        """Ask one process, up to an object that is too large: its content would have to be read to get past it.
        Without `content` only for lengths, of all of them."""
        if self._closed:
            raise ValueError("the repository was closed")
        if self._process is None:
            self._process = open_git(["cat-file", "--batch-command"], self._directory)
            self._finalizer = weakref.finalize(self, close_git, self._process)
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        try:
            command = "contents" if content else "info"
            requests.write("".join(f"{command} {oid}\n" for oid in oids).encode())
            requests.flush()
            for oid in oids:
                header = answers.readline().split()
                if header[1:] == [b"missing"]:
                    found.append(None)
                    continue
                if len(header) != 3:
                    raise BlobUnreadable(f"object {oid} cannot be read: {b' '.join(header).decode() or 'git ended'}")
                size = int(header[2])
                if not content:
                    found.append(size if header[1] == b"blob" else None)
                    continue
                if size > MAX_FILE_BYTES:
                    found.append(size)
                    self._stop()
                    return
                data = answers.read(size)
                if len(data) != size or answers.read(1) != b"\n":
                    raise BlobUnreadable(f"object {oid} cannot be read: git broke off")
                found.append(data)
                self._cache[oid] = data
        except BaseException as error:
            # The stream is out of step now: the next reader gets a new process.
            self._stop()
            if isinstance(error, BlobUnreadable | OSError):
                self._on_damage()
            if isinstance(error, OSError):
                raise BlobUnreadable("git cat-file ended") from None
            raise
