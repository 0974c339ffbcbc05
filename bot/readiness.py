"""What `/readyz` finds out by looking, beside what parts of the server tell of themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.troubles import Troubles

LEAST_ROOM = 64 * 2**20  # bytes; a delivery has up to 25 MB


def free_bytes(directory: Path) -> int:
    """Room left where `directory` lies; 0 when it has gone."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return 0


def room(directory: Path, free: Callable[[Path], int] = free_bytes) -> Callable[[], str | None]:
    """A probe: deliveries cannot be kept on a full disk."""

    def probe() -> str | None:
        left = free(directory)
        return None if left >= LEAST_ROOM else f"the state directory has {left // 2**20} MiB left"

    return probe


@dataclass(frozen=True, slots=True)
class AppAccess:
    """Tells when GitHub no longer takes us for the App: its key was deleted, or the App itself.

    A trouble and not a reason to be taken out of service: deliveries that come all the same are kept until an
    operator has mended it.
    """

    troubles: Troubles

    def observe(self, status: int, scope: str) -> None:
        """`status` of one answer to a request in `scope` (see `bot.github.client.GitHub.scope`)."""
        if scope == "app":
            refused = "GitHub refuses its credentials; look at GITHUB_APP_ID and the private key"
            self.troubles.replace("app", {"credentials": refused} if status == 401 else {})
