"""Which objects the Argo CD that we can ask tracks, when several share a cluster.

With `installationID` in its argocd-cm an Argo CD writes the annotation `argocd.argoproj.io/installation-id` next to
its tracking ids and goes by those alone whose annotation reads the same; without one, by those that have none.
Source: argo-cd 3.x, util/argo/resource_tracking.go, `getAppInstanceValue`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.cluster.connection import Connection, Deadline, path_of
from bot.cluster.errors import NoCluster, Unseen
from bot.cluster.names import read_installation


@dataclass(slots=True)
class Installation:
    """Our Argo CD's, asked once for each look. `connection` leads to the cluster that it lives in (None when nobody
    may see that), `namespaces` are those it may live in."""

    connection: Connection | None
    namespaces: Iterable[str]
    deadline: Deadline
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _found: set[str] | None = None

    async def id(self) -> str | None:
        """Its id, '' when it has none; None when that cannot be seen."""
        async with self._asking:
            if self._found is None:
                self._found = await self._ask()
        return next(iter(self._found)) if len(self._found) == 1 else None

    async def _ask(self) -> set[str]:
        found: set[str] = set()
        for namespace in sorted(self.namespaces) if self.connection is not None else ():
            assert self.connection is not None
            path = path_of("api", "v1", "namespaces", namespace, "configmaps", "argocd-cm")
            try:
                read = read_installation(await self.connection.get(path, self.deadline))
            except Unseen as error:
                if error.status == 404:  # Applications may live in other namespaces than Argo CD itself
                    continue
                return set()
            except NoCluster:
                return set()
            if read is None:
                return set()
            found.add(read)
        return found
