"""What a source said last, with its ETag, so that asking again costs a 304.

Survives restarts; losing it costs nothing but requests.
"""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MOST = 1000  # answers that are kept; the oldest go
_LONGEST = 8 * 2**20  # bytes of one answer


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer's ETag and what we keep of its JSON."""

    etag: str
    data: Any


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """One file an answer. Unreadable files count as absent, and a directory that cannot be written to as a cache that
    forgets."""

    directory: Path

    def get(self, url: str) -> Kept | None:
        path = self._path(url)
        try:
            if path.stat().st_size > _LONGEST:
                return None
            found = json.loads(path.read_bytes())
            # Another URL with the same name is as good as impossible; a file that somebody copied is not.
            if found["url"] == url and isinstance(found["etag"], str):
                return Kept(found["etag"], found["data"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None

    def put(self, url: str, etag: str, data: Any) -> None:
        path = self._path(url)
        partial = path.with_suffix(".new")
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_text(json.dumps({"url": url, "etag": etag, "data": data}), encoding="utf-8")
            partial.replace(path)
            self._forget()
        except OSError as error:
            log.warning("an answer could not be kept", extra={"reason": str(error)})

    def _forget(self) -> None:
        files = list(self.directory.glob("*.json"))
        if len(files) > MOST:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[: len(files) - MOST]:
                with suppress(OSError):
                    file.unlink()

    def _path(self, url: str) -> Path:
        return self.directory / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"
