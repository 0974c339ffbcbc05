"""What `/readyz` finds out by looking, beside what parts of the server tell of themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.github.app import GitHubApp
from bot.process.clock import Clock
from bot.process.threads import RepositoryThreads
from bot.server.operator_faults import OperatorFaults
from bot.server.worker import Worker

LONG_WAIT = 300.0  # seconds for which an installation's work may wait for a limit before anybody is told
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


def overdue(worker: Worker) -> Callable[[], str | None]:
    """A look: runs that go on although their time is over. Others end, so the server stays in service."""

    def look() -> str | None:
        ids = worker.overdue
        return f"{', '.join(ids[:5])} went on for longer than ARGOFIX_RUN_LIMIT; a restart ends that" if ids else None

    return look


def limited(github: GitHubApp, clock: Clock) -> Callable[[], str | None]:
    """A look: installations whose work has waited for a limit for more than `LONG_WAIT`. Others are served."""

    def look() -> str | None:
        now = clock.now()
        long = {number: held for number, held in github.held().items() if now - held.since > LONG_WAIT}
        told = [
            f"{number} for {(now - held.since) / 60:.0f} minutes ({held.limit})"
            for number, held in sorted(long.items(), key=lambda each: each[1].since)[:5]
        ]
        return f"work waits for GitHub's rate limits, of installation {'; '.join(told)}" if told else None

    return look


def stuck(threads: RepositoryThreads) -> Callable[[], str | None]:
    """A look: threads that do not end. They are their repositories' own, so nobody else waits for them."""

    def look() -> str | None:
        count = threads.stuck()
        return f"{count} of the repositories' threads do not end; a restart ends them" if count else None

    return look


@dataclass(frozen=True, slots=True)
class AppAccess:
    """Tells when GitHub no longer takes us for the App: its key was deleted, or the App itself.

    A trouble and not a reason to be taken out of service: deliveries that come all the same are kept until an
    operator has mended it.
    """

    operator_faults: OperatorFaults

    def observe(self, status: int, scope: str) -> None:
        """`status` of one answer to a request in `scope` (see `bot.github.client.GitHub.scope`)."""
        if scope == "app":
            refused = "GitHub refuses its credentials; look at GITHUB_APP_ID and the private key"
            self.operator_faults.replace("app", {"credentials": refused} if status == 401 else {})
