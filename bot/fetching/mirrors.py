"""Where the repositories that others name are kept, and which of them go when there are too many."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MOST = 3 * 2**30  # bytes of all of them
_PAUSE = 3600.0  # seconds between two counts: each looks at every file


@dataclass(slots=True)
class Mirrors:
    """`root` is for nothing else. `users` are evaluations that may read from them: meanwhile none goes."""

    root: Path
    most: int = MOST
    users: int = 0
    _counted: float = 0.0  # seconds since the epoch
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def place(self, key: str) -> tuple[Path, asyncio.Lock]:
        """Where the mirror is of what `key` names, and what those take who write there."""
        directory = self.root / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.git"
        with suppress(OSError):
            os.utime(directory)
        return directory, self._locks.setdefault(key, asyncio.Lock())

    def bound(self) -> None:
        """Delete those that were not used for longest, while they take more than `most` bytes together. Blocks."""
        if self.users or time.time() - self._counted < _PAUSE or not self.root.is_dir():
            return
        self._counted = time.time()
        found = []
        for mirror in self.root.iterdir():
            with suppress(OSError):
                found.append((mirror.stat().st_mtime, _bytes(mirror), mirror))
        found.sort(key=lambda each: each[0])
        held = sum(size for _, size, _ in found)
        for _, size, mirror in found:
            if held <= self.most or self.users:
                return
            shutil.rmtree(mirror, ignore_errors=True)
            held -= size


def _bytes(directory: Path) -> int:
    total = 0
    for where, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - many files
    return total
