"""Collisions that depend on something which the repository does not say: whether a custom resource is cluster-scoped,
whether a cluster that is named here is the one whose URL stands there.

Unknown is neither "the same" nor "different": it is a notice that names what would settle it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.declaration import Declaration
from checks.model import Finding, Related, Severity, Topic
from checks.ownership.conflicts import Partitions
from checks.wording import listed
from gitops.applications.application import IN_CLUSTER
from gitops.discovery.snapshot import Owned, Snapshot
from gitops.facts.owners import owners_of
from gitops.facts.scopes import scopes_in
from gitops.resources.kinds import scope_of
from gitops.resources.resource import ResourceId


def unsettled(rule: Declaration, snapshot: Snapshot, partitions: Partitions) -> Iterator[Finding]:
    """A notice of `rule` for each thing that nobody says."""
    for doubt in scopeless(snapshot, partitions):
        yield _of_unknown_scope(rule, doubt)
    namesakes = nameless(snapshot, partitions)
    if namesakes:
        yield _of_unknown_clusters(rule, namesakes)


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
    for owned_id, owned in snapshot.once(owners_of).items():
        rid = owned_id.id
        if scope_of(rid.group, rid.kind, snapshot.once(scopes_in)) is None:
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


def _of_unknown_scope(rule: Declaration, doubt: Scopeless) -> Finding:
    first, group, kind = doubt.copies[0], doubt.group, doubt.kind
    names = tuple(copy.application.name for copy in doubt.copies)
    shown = listed([f"`{name}`" for name in names])
    what = f"{kind} {doubt.names[0]}" if len(doubt.names) == 1 else f"{len(doubt.names)} objects of kind {kind}"
    return rule.finding(
        first.origin.entry,
        f"{shown} own the same {what} if {kind} ({group}) is cluster-scoped, which is not known",
        topic=Topic(
            f"{rule}|scope|{group}|{kind}",
            f"{shown} may own the same {what}",
            f"They bring it into different namespaces. Nothing here says whether {kind} ({group}) lives in a "
            "namespace: then these are different objects, and if not, the Applications fight over one.",
            f"`kubectl get crd -o custom-columns=KIND:.spec.names.kind,SCOPE:.spec.scope | grep -w {kind}` tells it; "
            "with its CustomResourceDefinition in the repository argofix knows it too.",
        ),
        severity=Severity.NOTICE,
        about=("scope", group, kind, *sorted(names), *doubt.names),
        resource=first.resource.id,
        applications=names,
        owners=tuple(copy.application.key for copy in doubt.copies),
        related=tuple(
            Related(copy.origin.entry, f"`{copy.application.name}` brings it in here") for copy in doubt.copies[1:]
        ),
    )


@dataclass(frozen=True, slots=True)
class Nameless:
    """Two copies of one resource: the cluster of the one is given by name, that of the other by URL."""

    named: Owned
    addressed: Owned


def nameless(snapshot: Snapshot, partitions: Partitions) -> list[Nameless]:
    """The first such pair of each resource and name, where nothing says what the name stands for."""
    told = snapshot.clusters
    addresses = frozenset(told.values())
    by_id: dict[ResourceId, list[tuple[str, Owned]]] = {}
    for owned_id, copies in snapshot.once(owners_of).items():
        if owned_id.cluster != IN_CLUSTER and owned_id.cluster not in told and owned_id.cluster not in addresses:
            by_id.setdefault(owned_id.id, []).append((owned_id.cluster, copies[0]))
    found: list[Nameless] = []
    for copies_ in by_id.values():
        addressed = [copy for cluster, copy in copies_ if "://" in cluster]
        for cluster, named in copies_:
            if "://" in cluster:
                continue
            other = next((o for o in addressed if partitions.can_meet(named.application, o.application)), None)
            if other is not None:
                found.append(Nameless(named, other))
    return found


def _of_unknown_clusters(rule: Declaration, found: list[Nameless]) -> Finding:
    """One notice for all: it is one thing that is not said."""
    first = found[0]
    named, addressed = first.named.application, first.addressed.application
    names = tuple(dict.fromkeys(each.named.application.destination.cluster for each in found))
    both = (named.name, addressed.name)
    shown = listed([f"`{name}`" for name in names])
    rest = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return rule.finding(
        first.named.origin.entry,
        f"`{named.name}` deploys to a cluster by name, `{addressed.name}` to {addressed.destination.server} by URL; "
        f"if that is one cluster, both own {first.named.resource.id}{rest}",
        topic=Topic(
            f"{rule}|clusters|{'|'.join(names)}",
            f"Which URL {shown} {'stands' if len(names) == 1 else 'stand'} for is not known",
            "Applications give the same resources to a cluster by its name and to another by its URL. No cluster "
            "Secret in this repository says which URL the name stands for, so they may be one cluster, in which the "
            "Applications fight, or two.",
            "Say it in `.github/argofix.yaml`.",
            "clusters:\n" + "".join(f"  - {{name: {name}, server: https://...}}\n" for name in names),
        ),
        severity=Severity.NOTICE,
        about=("clusters", *sorted(names)),
        applications=both,
        owners=(named.key, addressed.key),
        related=(Related(first.addressed.origin.entry, f"`{addressed.name}` brings it in here"),),
    )
