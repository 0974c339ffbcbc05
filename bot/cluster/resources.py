"""From kinds to paths of the API, by discovery."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.cluster.connection import Connection, Deadline, path_of
from bot.cluster.errors import Unseen
from bot.cluster.names import read_resources, read_versions
from bot.cluster.wants import speakable
from gitops.resources import ResourceId

NOT_UNDERSTOOD = "the answer is not what the Kubernetes API answers"


@dataclass(slots=True)
class Resources:
    """What one cluster serves, asked once for each look: CRDs come and go."""

    connection: Connection
    _versions: dict[str, str] | None = None
    _roots: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=dict)

    async def path(self, rid: ResourceId, deadline: Deadline) -> str | None:
        """The path of one object; None when the cluster does not know its kind. Raises `Unseen`."""
        root = "/api/v1"
        if rid.group:
            if self._versions is None:
                self._versions = read_versions(await self.connection.get("/apis", deadline))
                if self._versions is None:
                    raise Unseen(NOT_UNDERSTOOD)
            version = self._versions.get(rid.group, "")
            if not speakable(version):
                return None
            root = path_of("apis", rid.group, version)
        if root not in self._roots:
            found = read_resources(await self.connection.get(root, deadline))
            if found is None:
                raise Unseen(NOT_UNDERSTOOD)
            self._roots[root] = found
        resource, namespaced = self._roots[root].get(rid.kind, ("", False))
        if not speakable(resource):
            return None
        if namespaced and not rid.namespace:
            raise Unseen("its namespace is not known")
        # The cluster knows best which kinds live in namespaces.
        where = path_of("namespaces", rid.namespace) if namespaced else ""
        return f"{root}{where}{path_of(resource, rid.name)}"
