"""Collisions that depend on something which the repository does not say: whether a custom resource is cluster-scoped.

Unknown is neither "the same" nor "different": it is a notice that names what would settle it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.model import Finding, Related, Severity, Topic
from checks.ownership.conflicts import Partitions
from checks.wording import listed
from gitops.applications import IN_CLUSTER
from gitops.kinds import scope_of
from gitops.snapshot import Owned, Snapshot


def unsettled(rule: str, snapshot: Snapshot, partitions: Partitions) -> Iterator[Finding]:
    """A notice of `rule` for each thing that nobody says."""
    for doubt in scopeless(snapshot, partitions):
        yield _of_unknown_scope(rule, doubt)


@dataclass(frozen=True, slots=True)
class Scopeless:
    """Objects of one kind of unknown scope that several Applications bring, each into a namespace of its own.

    `names` are those of the objects; `copies` one of each Application, in the order of the snapshot.
    """

    group: str
    kind: str
    names: tuple[str, ...]
    copies: tuple[Owned, ...]


def scopeless(snapshot: Snapshot, partitions: Partitions) -> Iterator[Scopeless]:
    """Each kind once, in order."""
    copies: dict[tuple[str, str, str, str], list[Owned]] = {}
    for owned_id, owned in snapshot.owners.items():
        rid = owned_id.id
        if scope_of(rid.group, rid.kind, snapshot.scopes) is None:
            # Whoever writes a namespace into the manifest says that it has one.
            found = [copy for copy in owned if not copy.resource.id.namespace]
            copies.setdefault((owned_id.cluster, rid.group, rid.kind, rid.name), []).extend(found)
    names: dict[tuple[str, str], dict[str, None]] = {}
    concerned: dict[tuple[str, str], dict[object, Owned]] = {}
    for (cluster, group, kind, name), found in sorted(copies.items(), key=lambda item: item[0]):
        for one, other in _apart(found):
            if _may_meet(partitions, cluster, one, other):
                names.setdefault((group, kind), {})[name] = None
                for copy in (one, other):
                    concerned.setdefault((group, kind), {}).setdefault(copy.application.key, copy)
    for (group, kind), own in names.items():
        yield Scopeless(group, kind, tuple(own), tuple(concerned[group, kind].values()))


def _apart(found: list[Owned]) -> Iterator[tuple[Owned, Owned]]:
    """The first copy with one of each other namespace; those of one namespace collide whatever the scope."""
    if not found:
        return
    first = found[0]
    seen = {first.application.destination.namespace}
    for other in found[1:]:
        namespace = other.application.destination.namespace
        if namespace not in seen and other.application.key != first.application.key:
            seen.add(namespace)
            yield first, other


def _may_meet(partitions: Partitions, cluster: str, one: Owned, other: Owned) -> bool:
    if cluster == IN_CLUSTER:
        return partitions.of(one.application) == partitions.of(other.application)
    return partitions.can_meet(one.application, other.application)


def _of_unknown_scope(rule: str, doubt: Scopeless) -> Finding:
    first, group, kind = doubt.copies[0], doubt.group, doubt.kind
    names = tuple(copy.application.name for copy in doubt.copies)
    shown = listed([f"`{name}`" for name in names])
    what = f"{kind} {doubt.names[0]}" if len(doubt.names) == 1 else f"{len(doubt.names)} objects of kind {kind}"
    return Finding(
        rule=rule,
        severity=Severity.NOTICE,
        span=first.origin.entry,
        message=f"{shown} own the same {what} if {kind} ({group}) is cluster-scoped, which is not known",
        topic=Topic(
            f"{rule}|scope|{group}|{kind}",
            f"{shown} may own the same {what}",
            f"They bring it into different namespaces. Nothing here says whether {kind} ({group}) lives in a "
            "namespace: then these are different objects, and if not, the Applications fight over one.",
            f"`kubectl get crd -o custom-columns=KIND:.spec.names.kind,SCOPE:.spec.scope | grep -w {kind}` tells it; "
            "with its CustomResourceDefinition in the repository argofix knows it too.",
        ),
        identity=(rule, "scope", group, kind, *sorted(names), *doubt.names),
        resource=first.resource.id,
        applications=names,
        owners=tuple(copy.application.key for copy in doubt.copies),
        related=tuple(
            Related(copy.origin.entry, f"`{copy.application.name}` brings it in here") for copy in doubt.copies[1:]
        ),
    )
