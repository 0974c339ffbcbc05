"""Who should keep a resource that several Applications own, and why.

Configuration first, then evidence in the repository, then what the cluster says. Each verdict carries its reason,
since a person must be able to disagree with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from checks.ownership.first_synced import FirstSynced
from checks.ownership.holder import Holders
from checks.policy.file import Policy
from gitops.discovery.snapshot import Owned, OwnedId, Snapshot
from gitops.facts.scopes import scopes_in
from gitops.resources.kinds import is_namespaced
from gitops.resources.rendering import Rendered
from gitops.resources.resource import ResourceId

# Kinds that belong to the namespace as a whole, not to one workload in it.
_NAMESPACE_WIDE = frozenset(
    {
        ("", "Namespace"),
        ("", "ResourceQuota"),
        ("", "LimitRange"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("cilium.io", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
    }
)
_SHARED_WORDS = frozenset(
    {
        "infrastructure",
        "infra",
        "shared",
        "common",
        "platform",
        "cluster",
        "namespaces",
        "namespace",
        "foundation",
        "core",
        "base",
        "system",
        "bootstrap",
        "policies",
        "policy",
        "crds",
        "crd",
        "global",
        "security",
        "tenancy",
    }
)
_WORKLOADS = frozenset(
    {
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "Pod",
        "Rollout",
        "ReplicationController",
    }
)
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Keeper:
    """`reason` completes "X should keep it, since ..."; `several` "... keep them, since ...", where it differs."""

    copy: Owned
    reason: str
    several: str = ""

    @property
    def of_several(self) -> str:
        return self.several or self.reason


def choose_keeper(
    owned_id: OwnedId,
    copies: Sequence[Owned],
    snapshot: Snapshot,
    policy: Policy,
    waves: FirstSynced,
    holders: Holders | None = None,
) -> Keeper:
    """The copy that stays. The choice does not depend on the order of `copies`."""
    rid = owned_id.id
    ordered = sorted(copies, key=lambda copy: copy.application.key)
    preferred = policy.preferred_of({copy.application.name for copy in ordered})
    for copy in ordered:
        if copy.application.name == preferred:
            return Keeper(copy, "whoever asked for this fix said so")
    keep = policy.keeper_of(rid)
    if keep is not None:
        for copy in ordered:
            if keep.application in (copy.application.name, f"{copy.application.namespace}/{copy.application.name}"):
                return Keeper(copy, f"`.github/argofix.yaml` line {keep.line} says so")
    inner = _inside_the_others(ordered)
    if inner is not None:
        return Keeper(inner, "the file is its own, and lies in a directory below the others'")
    wide = _is_wide(rid, snapshot)
    if wide:
        named = [copy for copy in ordered if _shared_words(copy)]
        if len(named) == 1:
            what = "cluster-scoped" if not rid.namespace and rid.kind != "Namespace" else "shared"
            why = "its name says that it holds what is shared"
            return Keeper(named[0], f"{why}, and a {rid.kind} is {what}", why)
        ordered = named or ordered
    else:
        users = [copy for copy in ordered if _uses(copy, rid)]
        if len(users) == 1:
            return Keeper(users[0], f"its own workloads use this {rid.kind}", "its own workloads use them")
        ordered = users or ordered
    earliest, why = waves.among(ordered)
    if len(earliest) == 1:
        return Keeper(earliest[0], why)
    holding = holders.holder(owned_id, earliest) if holders is not None else None
    if holding is not None:
        return Keeper(holding, "the live object is tracked by it, so nothing changes hands")
    without = [copy for copy in earliest if not _has_workloads(copy)]
    if wide and len(without) == 1:
        return Keeper(without[0], "it has no workloads of its own, so it is where shared resources live")
    remaining = without if wide and without else earliest
    reason = "nothing tells them apart, so the first by name stays; `ownership.keep` can decide"
    return Keeper(remaining[0], reason)


def _inside_the_others(copies: Sequence[Owned]) -> Owned | None:
    """The copy of the Application whose directory lies inside those of all others, when they read the same file: the
    others recurse over what is somebody else's."""
    files = {copy.tree.resolve(copy.resource.path) for copy in copies if copy.resource.path is not None}
    if len(files) != 1 or any(copy.resource.path is None for copy in copies):
        return None
    paths = [_source_path(copy) for copy in copies]
    for copy, path in zip(copies, paths, strict=True):
        outside = [other for other in paths if other != path]
        if len(outside) == len(paths) - 1 and all(_is_below(path, other) for other in outside):
            return copy
    return None


def _is_below(path: str, other: str) -> bool:
    return path != other and (not other or path.startswith(f"{other}/"))


def _source_path(copy: Owned) -> str:
    sources = copy.application.sources
    path = sources[copy.part.index].path if copy.part.index < len(sources) else ""
    return copy.tree.resolve(path)


def _is_wide(rid: ResourceId, snapshot: Snapshot) -> bool:
    return (rid.group, rid.kind) in _NAMESPACE_WIDE or not is_namespaced(
        rid.group, rid.kind, snapshot.once(scopes_in)
    )


def _shared_words(copy: Owned) -> set[str]:
    words = set(_WORD.findall(copy.application.name.lower())) & _SHARED_WORDS
    for source in copy.application.sources:
        # Only the directory's own name tells; every second path has a `base` or a `system` in it.
        last = source.path.lower().rpartition("/")[2]
        words |= set(_WORD.findall(last)) & _SHARED_WORDS - {"base", "system", "core"}
    return words


def _has_workloads(copy: Owned) -> bool:
    rendering = copy.state.rendering
    return isinstance(rendering, Rendered) and any(r.id.kind in _WORKLOADS for r in rendering.resources)


def _uses(copy: Owned, rid: ResourceId) -> bool:
    """Whether a workload of the Application names the resource (by a scalar that is exactly its name)."""
    rendering = copy.state.rendering
    if not isinstance(rendering, Rendered):
        return False
    name = re.compile(rb"(?m)[:\-]\s+[\"']?" + re.escape(rid.name.encode()) + rb"[\"']?\s*$")
    return any(r.id.kind in _WORKLOADS and r.id != rid and name.search(r.text) for r in rendering.resources)
