"""A file that says: this is in use."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class StateDirectoryInUse(Exception):
    """Another server works with this directory or database file."""


class Exclusive:
    """Holds a lock file until `release`, or until the process ends, however it does."""

    def __init__(self, path: Path) -> None:
        """Raises `StateDirectoryInUse` or `OSError`."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise StateDirectoryInUse(f"another argofix server works with {path.parent}") from None

    def release(self) -> None:
        """May be called again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
