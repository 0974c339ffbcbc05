"""What an AppProject lets its Applications touch.

Source: argo-cd v3.5.1, pkg/apis/application/v1alpha1/app_project_types.go:399-433 and :507-527. What is not permitted
is neither pruned nor deleted with its Application.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gitops.applications.application import IN_CLUSTER, IN_CLUSTER_SERVER, Destination
from gitops.facts.secrets.pods import mapping, sequence
from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId

Listed = tuple[tuple[str, str, str], ...]  # group, kind, name


@dataclass(frozen=True, slots=True)
class Project:
    """Lists as written; None where the field is absent. `destinations` are (server, name, namespace) patterns."""

    cluster_allowed: Listed
    cluster_denied: Listed
    namespaced_allowed: Listed | None
    namespaced_denied: Listed
    destinations: tuple[tuple[str, str, str], ...]
    sources: tuple[str, ...] = ()

    def may_read(self, url: str) -> bool:
        """Whether Applications may read a repository, as far as git tells: a pattern is never taken too narrowly, and
        one that denies (`!`) counts as one that takes in all the rest."""
        wanted = _address(url)
        return any(
            pattern.startswith("!") or _glob(_address(pattern), wanted) or _glob(pattern, url)
            for pattern in self.sources
        )

    def keeps_from(self, destination: Destination) -> bool:
        """Whether no entry can permit a destination, whatever the half of its cluster that git does not tell: the
        name of a server, or the server of a name."""
        server, name = destination.server, destination.name
        if not server:
            server = IN_CLUSTER_SERVER if destination.cluster == IN_CLUSTER else ""
        return bool(destination.namespace) and not any(
            _matches(item_namespace, destination.namespace)
            and (
                (bool(item_server) and (not server or _matches(item_server, server)))
                or (bool(item_name) and (not name or _matches(item_name, name)))
            )
            for item_server, item_name, item_namespace in self.destinations
        )

    def permits(self, rid: ResourceId, destination: Destination) -> bool:
        """Whether Applications of the project may have an object, placed as `rid`, in their destination."""
        if not rid.namespace:
            return _in(self.cluster_allowed, rid) and not _in(self.cluster_denied, rid)
        allowed = self.namespaced_allowed is None or _in(self.namespaced_allowed, rid)
        return allowed and not _in(self.namespaced_denied, rid) and self._reaches(destination, rid.namespace)

    def _reaches(self, destination: Destination, namespace: str) -> bool:
        server, name = destination.server, destination.name
        if destination.cluster == IN_CLUSTER:
            server, name = IN_CLUSTER_SERVER, IN_CLUSTER
        found = False
        for item_server, item_name, item_namespace in self.destinations:
            by_name = bool(name) and _matches(item_name, name)
            by_server = bool(server) and _matches(item_server, server)
            placed = _matches(item_namespace, namespace)
            if (by_name or by_server) and placed:
                found = True
            elif (
                (not by_name and item_name.startswith("!"))
                or (not by_server and item_server.startswith("!") and placed)
                or (not placed and item_namespace.startswith("!") and by_server)
            ):
                return False
        return found


def read_project(manifest: Mapping[str, Any]) -> Project:
    """The project that a manifest declares. Ill-typed fields count as absent."""
    spec = mapping(manifest.get("spec"))
    allowed = spec.get("namespaceResourceWhitelist")
    return Project(
        _listed(spec.get("clusterResourceWhitelist")),
        _listed(spec.get("clusterResourceBlacklist")),
        _listed(allowed) if isinstance(allowed, list) else None,
        _listed(spec.get("namespaceResourceBlacklist")),
        tuple(
            (text_of(item.get("server")), text_of(item.get("name")), text_of(item.get("namespace")))
            for item in map(mapping, sequence(spec.get("destinations")))
        ),
        tuple(text_of(item) for item in sequence(spec.get("sourceRepos"))),
    )


def _address(url: str) -> str:
    """As `NormalizeGitURL` (util/git/git.go), without the scheme."""
    bare = url.strip().lower().removesuffix("/").removesuffix(".git")
    return bare.split("://", 1)[-1].replace(":", "/", 1)


def _listed(value: object) -> Listed:
    items = map(mapping, sequence(value))
    return tuple((text_of(i.get("group")), text_of(i.get("kind")), text_of(i.get("name"))) for i in items)


def _in(listed: Listed, rid: ResourceId) -> bool:
    return any(
        _glob(group, rid.group) and _glob(kind, rid.kind) and (not name or _glob(name, rid.name))
        for group, kind, name in listed
    )


def _matches(pattern: str, value: str) -> bool:
    if pattern.startswith("!"):
        return not _glob(pattern[1:], value)
    return _glob(pattern, value)


def _glob(pattern: str, value: str) -> bool:
    return pattern == "*" or _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """gobwas/glob without separators: `*` and `?` take any character, `{a,b}` one of these."""
    out, depth = "", 0
    for sign in pattern:
        if sign == "{":
            out, depth = f"{out}(?:", depth + 1
        elif sign == "}" and depth:
            out, depth = f"{out})", depth - 1
        else:
            out += {"*": ".*", "?": "."}.get(sign, "|" if sign == "," and depth else re.escape(sign))
    try:
        return re.compile(out, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))
