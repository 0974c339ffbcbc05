"""For changes by strangers: what they ask about would tell them of Secrets that they only guess at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.cluster.wants import wants
from checks.policy.file import Policy
from gitops.applications.live import Live
from gitops.applications.made import Made
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.live import LiveDifferences, Question

WITHHELD = "the change comes from a fork of a public repository, so no cluster was asked"


class Withheld:
    """Asks nobody, and says so where there was something to ask."""

    async def look(self, snapshots: Sequence[Snapshot], policy: Policy) -> Live | None:
        return Live(problems=(WITHHELD,)) if await asyncio.to_thread(wants, snapshots, policy) else None

    async def made(self, namespaces: Sequence[str]) -> Made | None:
        return None

    async def differing(self, questions: Sequence[Question]) -> LiveDifferences | None:
        return None
