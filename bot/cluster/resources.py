"""From kinds to paths of the API, by discovery."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.cluster.connection import Connection, Deadline, path_of
from bot.cluster.errors import NOT_SAID, Unseen
from bot.cluster.names import read_resources, read_versions
from bot.cluster.wants import speakable
from gitops.resources.resource import ResourceId

NOT_UNDERSTOOD = "the answer is not what the Kubernetes API answers"


@dataclass(slots=True)
class Resources:
    """What one cluster serves, asked once for each look: CRDs come and go."""

    connection: Connection
    _versions: dict[str, tuple[str, ...]] | None = None
    _roots: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def path(self, rid: ResourceId, deadline: Deadline, version: str = "") -> str | None:
        """The path of one object, in `version` of its group if one is given; None when the cluster does not know its
        kind. Raises `Unseen`."""
        async with self._asking:  # what several want to know is asked once
            return await self._path(rid, deadline, version)

    async def _path(self, rid: ResourceId, deadline: Deadline, version: str) -> str | None:
        # Not every kind is served in the version that its group prefers (istio's EnvoyFilter, say).
        for root in await self._of(rid.group, deadline):
            if version and root.rpartition("/")[2] != version:
                continue
            resource, namespaced = (await self._kinds(root, deadline)).get(rid.kind, ("", False))
            if not speakable(resource):
                continue
            if namespaced and not rid.namespace:
                raise Unseen("its namespace is not known", NOT_SAID)
            # The cluster knows best which kinds live in namespaces.
            where = path_of("namespaces", rid.namespace) if namespaced else ""
            return f"{root}{where}{path_of(resource, rid.name)}"
        return None

    async def knows(self, group: str, deadline: Deadline) -> bool:
        """Whether the cluster serves anything of this group. Raises `Unseen`."""
        return bool(await self._of(group, deadline))

    async def _of(self, group: str, deadline: Deadline) -> list[str]:
        if not group:
            return ["/api/v1"]
        if self._versions is None:
            self._versions = read_versions(await self.connection.get("/apis", deadline))
            if self._versions is None:
                raise Unseen(NOT_UNDERSTOOD)
        return [path_of("apis", group, each) for each in self._versions.get(group, ()) if speakable(each)]

    async def _kinds(self, root: str, deadline: Deadline) -> dict[str, tuple[str, bool]]:
        if root not in self._roots:
            found = read_resources(await self.connection.get(root, deadline))
            if found is None:
                raise Unseen(NOT_UNDERSTOOD)
            self._roots[root] = found
        return self._roots[root]
