"""What was fetched, kept on the disk by its digest, and what names led to it.

Shared by everyone: content says nothing about who asked for it, and may be read only by whoever names it. What is
read is verified, so that a damaged file is fetched again and not believed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MOST = 2**30  # bytes; a chart has some 100 KB
NAMES = 20_000
_LARGEST_NAME = 64 * 1024  # bytes of one record


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(slots=True)
class Store:
    """May be used from several threads. A directory that cannot be written to is a store that forgets.

    What was not used for longest goes first, as soon as all of it takes more than `most` bytes.
    """

    directory: Path
    most: int = MOST
    _held: int | None = None  # bytes; None while nobody has counted
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def put(self, content: bytes) -> str:
        """Keep it. Gives its digest (`sha256:...`)."""
        digest = digest_of(content)
        path = self._content(digest)
        with self._lock:
            if not path.exists() and len(content) <= self.most and _write(path, content):
                self._bound(path, len(content))
        return digest

    def get(self, digest: str) -> bytes | None:
        """The content with this digest, None when it is not here (any more)."""
        path = self._content(digest)
        try:
            content = path.read_bytes()
            if digest_of(content) == digest:
                os.utime(path)
                return content
            log.warning("what was kept is damaged, and fetched again", extra={"digest": digest})
            path.unlink()
        except OSError:
            pass
        return None

    def known(self, name: str) -> Mapping[str, Any] | None:
        """What was noted about a name (`note`)."""
        path = self._name(name)
        try:
            if path.stat().st_size > _LARGEST_NAME:
                return None
            found = json.loads(path.read_bytes())
            # Another name with the same digest is as good as impossible; a file that somebody copied is not.
            if found["name"] == name and isinstance(found["facts"], dict):
                facts: Mapping[str, Any] = found["facts"]
                os.utime(path)
                return facts
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None

    def note(self, name: str, facts: Mapping[str, Any]) -> None:
        """Remember what a name led to: JSON."""
        path = self._name(name)
        with self._lock:
            written = _write(path, json.dumps({"name": name, "facts": dict(facts)}).encode())
            # Counting takes a look at the directory, so it is done now and then.
            if written and path.name.startswith("00"):
                _forget(path.parent, lambda files, _bytes: files > NAMES)

    def _bound(self, path: Path, size: int) -> None:
        """Called with the lock held, after `size` bytes more."""
        if self._held is None:
            self._held = sum(_size(each) for each in path.parent.iterdir())
        else:
            self._held += size
        if self._held > self.most:
            # A little more than has to go, so that this is not done at each download.
            self._held = _forget(path.parent, lambda _files, held: held > self.most * 0.9)

    def _content(self, digest: str) -> Path:
        return self.directory / "content" / hashlib.sha256(digest.encode()).hexdigest()[:40]

    def _name(self, name: str) -> Path:
        return self.directory / "names" / f"{hashlib.sha256(name.encode()).hexdigest()[:40]}.json"


def _write(path: Path, content: bytes) -> bool:
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        for directory in (path.parent.parent, path.parent):  # the mode is only that of the last one
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.write_bytes(content)
        new.replace(path)
    except OSError as error:
        log.warning("what was fetched cannot be kept", extra={"reason": str(error)})
        with suppress(OSError):
            new.unlink()
        return False
    return True


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _forget(directory: Path, too_much: Callable[[int, int], bool]) -> int:
    """Delete what was not used for longest. Gives the bytes that are left."""
    found: list[tuple[float, int, Path]] = []
    for path in directory.iterdir():
        with suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    found.sort(key=lambda each: each[0])
    files, held = len(found), sum(size for _, size, _ in found)
    for _, size, path in found:
        if not too_much(files, held):
            break
        with suppress(OSError):
            path.unlink()
            files, held = files - 1, held - size
    return held
