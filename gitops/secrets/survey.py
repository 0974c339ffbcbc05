"""All references and all providers of a snapshot, each placed in its cluster and namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gitops.rendering import Rendered
from gitops.secrets.provided import Provided
from gitops.secrets.providers import provided_by
from gitops.secrets.references import Use, uses_of

if TYPE_CHECKING:
    from gitops.snapshot import Owned, Snapshot


@dataclass(frozen=True, slots=True, order=True)
class ObjectId:
    """A Secret or ConfigMap in its cluster."""

    cluster: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Needed:
    """A reference and the manifest that makes it."""

    id: ObjectId
    use: Use
    owner: Owned


@dataclass(frozen=True, slots=True)
class Provision:
    """Something provided and the manifest that does."""

    provided: Provided
    owner: Owned


@dataclass(frozen=True, slots=True)
class Survey:
    """`provisions` are those of one namespace, `wide` those that reach several, by (cluster, kind, name)."""

    needed: tuple[Needed, ...]
    provisions: Mapping[ObjectId, tuple[Provision, ...]]
    wide: Mapping[tuple[str, str, str], tuple[Provision, ...]]

    def of(self, wanted: ObjectId) -> Iterator[Provision]:
        """Everything that provides an object, whichever Application brings it."""
        yield from self.provisions.get(wanted, ())
        for provision in self.wide.get((wanted.cluster, wanted.kind, wanted.name), ()):
            if fnmatchcase(wanted.namespace, provision.provided.namespace or ""):
                yield provision


def survey(snapshot: Snapshot) -> Survey:
    """Read every rendered resource, hooks too: they run pods and make Secrets like all others."""
    needed: list[Needed] = []
    provisions: dict[ObjectId, list[Provision]] = {}
    wide: dict[tuple[str, str, str], list[Provision]] = {}
    for owner in _rendered(snapshot):
        destination = owner.application.destination
        resource = owner.resource
        uses, provides = uses_of(resource), provided_by(resource)
        if not uses and not provides:
            continue
        namespace = resource.id.placed(destination.namespace, snapshot.scopes).namespace
        for use in uses:
            needed.append(Needed(ObjectId(destination.cluster, use.kind, namespace, use.name), use, owner))
        for provided in provides:
            provision = Provision(provided, owner)
            if provided.namespace is not None and "*" in provided.namespace:
                wide.setdefault((destination.cluster, provided.kind, provided.name), []).append(provision)
            else:
                where = ObjectId(destination.cluster, provided.kind, provided.namespace or namespace, provided.name)
                provisions.setdefault(where, []).append(provision)
    return Survey(
        tuple(needed),
        {key: tuple(found) for key, found in provisions.items()},
        {key: tuple(found) for key, found in wide.items()},
    )


def _rendered(snapshot: Snapshot) -> Iterator[Owned]:
    """Every rendered resource with its Application."""
    from gitops.snapshot import Owned

    for state in snapshot.states:
        for part in state.parts:
            if isinstance(part.rendering, Rendered):
                for resource in part.rendering.resources:
                    yield Owned(state, part, resource, snapshot.tree)
