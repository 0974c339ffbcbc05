"""The files of one commit, listed by git and read as git writes them, up to limits.

A tree object names others by id, so a few kilobytes can stand for a thousand million files: ten blobs in a tree, ten
times that tree in the next, and so on. So nobody waits for the end of a listing, or keeps it whole, uncounted.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.process.errors import PermanentError
from bot.repositories.git import GitError, GitTimeout, close_git, failure, open_git
from gitops.files.tree import MAX_PATH_BYTES, Entry

_CHUNK = 256 * 1024
_HOSTILE = frozenset((b"", b".", b"..", b".git"))


class HostileTree(GitError, PermanentError):
    """A tree object with a name that no file system path may have (`..`, `.git`, 5,000 bytes)."""


class TreeTooLarge(GitError, PermanentError):
    """A commit that lists more than anybody may ask us to look at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one listing: files and directories together, bytes of their paths together, seconds.

    The largest public repositories that people deploy from have some 100,000 files.
    """

    entries: int = 300_000
    name_bytes: int = 48 * 2**20
    seconds: float = 60.0


def listed(directory: Path, sha: str, limits: Limits | None = None) -> dict[str, Entry]:
    """Path -> `Entry` of every file of a tree or commit, whose content need not be here. Blocks: for threads.

    Sizes are not told: that would take a look at each blob. Raises `TreeTooLarge`, `HostileTree`, `GitTimeout`,
    `GitError`.
    """
    entries: dict[str, Entry] = {}
    shared: dict[bytes, Entry] = {}  # the same blob under many names is one object
    for meta, raw in _records(directory, sha, limits or Limits()):
        mode, kind, oid = meta.split()
        if kind == b"tree":
            continue
        entry = shared.get(meta)
        if entry is None:
            entry = shared[meta] = Entry(int(mode, 8), oid.decode())
        entries[raw.decode("utf-8", "surrogateescape")] = entry
    return entries


def count(directory: Path, sha: str, limits: Limits | None = None) -> int:
    """How many files and directories a tree or commit lists. Raises as `listed` does."""
    return sum(1 for _ in _records(directory, sha, limits or Limits()))


def _records(directory: Path, sha: str, limits: Limits) -> Iterator[tuple[bytes, bytes]]:
    """(mode, kind and id; path) of each entry. Directories are told too, or empty ones would cost
    time and never be counted."""
    process = open_git(["ls-tree", "-r", "-t", "-z", "--full-tree", sha], directory, stderr=subprocess.PIPE)
    try:
        name_bytes = 0
        for found, record in enumerate(_split(process, time.monotonic, limits.seconds), 1):
            meta, _, path = record.partition(b"\t")
            name_bytes += len(path)
            if found > limits.entries:
                raise TreeTooLarge(
                    f"the commit lists more than {limits.entries:,} files and directories, and argofix reads no more"
                )
            if name_bytes > limits.name_bytes:
                raise TreeTooLarge(
                    f"the paths of the commit's files take more than {limits.name_bytes // 2**20} MB, and argofix "
                    "reads no more"
                )
            if len(path) > MAX_PATH_BYTES:
                raise HostileTree(f"a path of the commit is longer than {MAX_PATH_BYTES:,} bytes")
            if not _HOSTILE.isdisjoint(path.lower().split(b"/")):
                raise HostileTree(f"the commit holds the impossible path {path.decode('utf-8', 'replace')!r}")
            yield meta, path
        if process.wait() != 0:
            assert process.stderr is not None
            raise failure("ls-tree", process.returncode, process.stderr.read(4096))
    finally:
        close_git(process)


def _split(process: subprocess.Popen[bytes], now: Callable[[], float], seconds: float) -> Iterator[bytes]:
    assert process.stdout is not None
    pipe, until, rest = process.stdout.fileno(), now() + seconds, b""
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - now()))
        if not ready:
            raise GitTimeout(f"git ls-tree was stopped after {seconds:g} s")
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            return
        *records, rest = (rest + chunk).split(b"\0")
        yield from records
        if len(rest) > MAX_PATH_BYTES + 200:  # nobody has to wait for the end of a name of 100 MB
            yield rest
