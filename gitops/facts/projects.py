"""What an AppProject lets its Applications read and touch.

Source: argo-cd, pkg/apis/application/v1alpha1/app_project_types.go (IsSourcePermitted, isDestinationMatched,
IsGroupKindNamePermitted, IsAppNamespacePermitted), util/git/git.go (NormalizeGitURL), util/glob. What is not
permitted is refused by a sync, and neither pruned nor deleted with its Application.

What git does not tell of a cluster (the name behind a server, the server behind a name) is unknown here: then only
what is refused whatever it is counts as refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gitops.applications.application import GROUP, IN_CLUSTER, IN_CLUSTER_SERVER, Destination
from gitops.applications.directory import MAX_PATTERN, alternatives, glob_matches, piece_of
from gitops.applicationsets.globs import path_match
from gitops.facts.secrets.pods import mapping, sequence
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

Listed = tuple[tuple[str, str, str], ...]  # group, kind, name
_SSH = re.compile(r"(?:ssh://)?[^/?#]*?@?[^/?#@:]+:.*")


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace of a cluster; None for what is not known of the cluster."""

    server: str | None
    name: str | None
    namespace: str


@dataclass(frozen=True, slots=True)
class Project:
    """Lists as written; None where the field is absent. `destinations` are (server, name, namespace) patterns."""

    cluster_allowed: Listed
    cluster_denied: Listed
    namespaced_allowed: Listed | None
    namespaced_denied: Listed
    destinations: tuple[tuple[str, str, str], ...]
    sources: tuple[str, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    only_scoped_clusters: bool = False

    def may_read(self, url: str) -> bool:
        """Whether Applications may read a repository. One whose URL Go reads as another one may be read."""
        wanted = normalized(url)
        if wanted is None:
            return True
        found = False
        for pattern in self.sources:
            denies = pattern.startswith("!")
            bare = normalized(pattern[denies:])
            takes_all = bare == "*" and not denies
            matched = bare is None or takes_all or _url_matches(bare, wanted) is not denies
            if matched:
                found = True
            elif denies:
                return False
        return found

    def keeps_from(self, place: Place) -> str | None:
        """The field of a destination that keeps Applications from a place whatever is not known of it: the pattern
        that denies it, '' when no entry can match, None when it may be permitted."""
        possible = False
        for server, name, namespace in self.destinations:
            by_name, by_server = _maybe(name, place.name), _maybe(server, place.server)
            placed = _matches(namespace, place.namespace)
            if placed and (by_name is not False or by_server is not False):
                possible = True
                continue
            # Here nothing matches, whatever is not known.
            if by_name is False and name.startswith("!"):
                return name
            if by_server is False and server.startswith("!") and placed:
                return server
            if not placed and namespace.startswith("!") and by_server:
                return namespace
        return None if possible else ""

    def refuses_kind(self, rid: ResourceId) -> str | None:
        """The list by which the project keeps Applications from having an object, placed as `rid`."""
        if not rid.namespace:
            if not _in(self.cluster_allowed, rid):
                return "clusterResourceWhitelist"
            return "clusterResourceBlacklist" if _in(self.cluster_denied, rid) else None
        if self.namespaced_allowed is not None and not _in(self.namespaced_allowed, rid):
            return "namespaceResourceWhitelist"
        return "namespaceResourceBlacklist" if _in(self.namespaced_denied, rid) else None

    def takes_from(self, namespace: str, own: str) -> bool:
        """Whether Applications of a namespace may use the project, whose own is Argo CD's."""
        return namespace in ("", own) or any(
            glob_matches(pattern, namespace) or (len(pattern) > 1 and pattern[0] == pattern[-1] == "/")
            for pattern in self.source_namespaces
        )

    def permits(self, rid: ResourceId, destination: Destination) -> bool:
        """Whether Applications of the project may have an object, placed as `rid`, in their destination."""
        if self.refuses_kind(rid) is not None:
            return False
        return not rid.namespace or self._reaches(destination, rid.namespace)

    def _reaches(self, destination: Destination, namespace: str) -> bool:
        place = place_of(destination, namespace, {})
        name = place.name or (IN_CLUSTER if place.server == IN_CLUSTER_SERVER else "")
        return self.keeps_from(Place(place.server or "", name, namespace)) is None


def place_of(destination: Destination, namespace: str, clusters: Mapping[str, str]) -> Place:
    """Where a namespace of a destination lies. `clusters` is the server of each name that somebody tells. The cluster
    of Argo CD itself is called in-cluster, unless somebody has given it another name."""
    server = destination.server.rstrip("/") or clusters.get(destination.name)
    if destination.cluster == IN_CLUSTER:
        server = IN_CLUSTER_SERVER
    named = [name for name, where in clusters.items() if where == server]
    return Place(server, destination.name or (named[0] if len(named) == 1 else None), namespace)


def is_project(resource: Resource) -> bool:
    """Whether a rendered resource is an AppProject."""
    return (resource.id.group, resource.id.kind) == (GROUP, "AppProject")


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
        tuple(text_of(item) for item in sequence(spec.get("sourceNamespaces"))),
        spec.get("permitOnlyProjectScopedClusters") is True,
    )


def normalized(url: str) -> str | None:
    """A repository's URL, or a pattern of such, as Argo CD compares them; None for what Go reads in another way than
    it looks (escapes, a port without a scheme)."""
    bare = url.strip().lower()
    if "://" not in bare and "@" in bare.split("/")[0] and _SSH.fullmatch(bare):
        bare = bare.replace(":", "/", 1)
    elif "://" not in bare and ":" in bare:
        return None
    if any(sign in bare for sign in '%\\ ^`<>|"'):
        return None
    return bare.removesuffix(".git").removeprefix("ssh://")


def _listed(value: object) -> Listed:
    items = map(mapping, sequence(value))
    return tuple((text_of(i.get("group")), text_of(i.get("kind")), text_of(i.get("name"))) for i in items)


def _in(listed: Listed, rid: ResourceId) -> bool:
    return any(
        path_match(kind, rid.kind) and path_match(group, rid.group) and (not name or path_match(name, rid.name))
        for group, kind, name in listed
    )


def _maybe(pattern: str, value: str | None) -> bool | None:
    """Whether a pattern matches what may not be known; None for may be. An empty value is matched by nothing."""
    if value is None:
        return None if pattern not in ("", "*") else bool(pattern)
    return bool(value) and _matches(pattern, value)


def _matches(pattern: str, value: str) -> bool:
    if pattern.startswith("!"):
        return not glob_matches(pattern[1:], value)
    return glob_matches(pattern, value)


def _url_matches(pattern: str, url: str) -> bool:
    """gobwas/glob with `/` as the separator: `*` and `?` stop at it, `**` does not."""
    return any(_runs(pieces, url) for pieces in _pieces(pattern)) if url else glob_matches(pattern, url)


def _runs(pieces: Sequence[str], url: str) -> bool:
    if pieces.count("**") == 1 and all(len(piece) == 1 and piece not in "*?" for piece in pieces if piece != "**"):
        first, last = "".join(pieces).split("**")
        return url.startswith(first) and url.endswith(last)  # as gobwas looks at them, also where they overlap
    ends = {0}
    for piece in pieces:
        if piece == "**":
            ends = set(range(min(ends), len(url) + 1)) if ends else ends
        elif piece == "*":
            reach: set[int] = set()
            for start in ends:
                stop = url.find("/", start)
                reach.update(range(start, (len(url) if stop < 0 else stop) + 1))
            ends = reach
        else:
            ends = {at + 1 for at in ends if at < len(url) and _takes(piece, url[at])}
    return len(url) in ends


def _takes(piece: str, char: str) -> bool:
    return char != "/" if piece == "?" else glob_matches(piece, char)


@lru_cache(maxsize=1024)
def _pieces(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The ways in which a pattern can be read, each as stars, `?`, classes and characters; none for what is none."""
    if len(pattern) > MAX_PATTERN:
        return ()
    try:
        return tuple(tuple(_split(each)) for each in alternatives(pattern))
    except ValueError:
        return ()


def _split(pattern: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(pattern):
        piece, at = piece_of(pattern, at)
        if piece == "*" and found and found[-1] in ("*", "**"):
            found[-1] = "**"
        elif piece != "\\":
            found.append(piece)
    return found
