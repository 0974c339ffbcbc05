"""Finding rendered resources by what people write: `KIND/NAME` or `KIND/NAMESPACE/NAME`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gitops.applications.application import Origin
from gitops.discovery.snapshot import Owned, OwnedId, Snapshot
from gitops.facts.scopes import id_of
from gitops.files.errors import GitopsError
from gitops.resources.resource import ResourceId


class MalformedQuery(GitopsError):
    """What was written names no resource."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource that somebody asks about. Each part is a shell pattern; a namespace of None is any, and none."""

    kind: str
    group: str | None
    namespace: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """`KIND[.GROUP]/[NAMESPACE/]NAME`; the kind in any case. Raises `MalformedQuery`."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise MalformedQuery(f"`{text}` is not KIND/NAME or KIND/NAMESPACE/NAME")
        kind, _, group = parts[0].partition(".")
        return cls(kind.lower(), group or None, parts[1] if len(parts) == 3 else None, parts[-1])

    def matches(self, rid: ResourceId) -> bool:
        return (
            fnmatchcase(rid.kind.lower(), self.kind)
            and (self.group is None or fnmatchcase(rid.group, self.group))
            and (self.namespace is None or fnmatchcase(rid.namespace, self.namespace))
            and fnmatchcase(rid.name, self.name)
        )


def find(snapshot: Snapshot, wanted: Wanted) -> dict[OwnedId, list[Owned]]:
    """Every copy of what is wanted, by the resource in its cluster, in order. Hooks too, though nobody owns them."""
    result: dict[OwnedId, list[Owned]] = {}
    for owned_id, owned in _everything(snapshot):
        if wanted.matches(owned_id.id):
            result.setdefault(owned_id, []).append(owned)
    return dict(sorted(result.items()))


def nearest(snapshot: Snapshot, wanted: Wanted, most: int = 3) -> list[ResourceId]:
    """What may have been meant: alike names of the same kind, else of any."""
    present = dict.fromkeys(owned_id.id for owned_id, _ in _everything(snapshot))
    alike = [rid for rid in present if rid.kind.lower() == wanted.kind] or list(present)
    by_name: dict[str, list[ResourceId]] = {}
    for rid in alike:
        by_name.setdefault(rid.name, []).append(rid)
    names = difflib.get_close_matches(wanted.name, by_name, most, 0.6)
    return [rid for name in names for rid in by_name[name]][:most]


def routes(owned: Owned) -> tuple[Origin, ...]:
    """Every way by which entries lead to what a copy is written in; the first is `owned.origin`."""
    first, closure, resource = owned.origin, owned.part.closure, owned.resource
    if closure is None or resource.line or not first.chain:
        return (first,)
    if resource.generator is not None:
        chains = closure.kustomizations.get(resource.generator, [])
        others = [(*chain, first.chain[-1]) for chain in chains]
    else:
        others = list(closure.chains.get(resource.path or "", []))
    return tuple(dict.fromkeys((first, *(Origin(first.span, chain) for chain in others))))


def _everything(snapshot: Snapshot) -> Iterator[tuple[OwnedId, Owned]]:
    return ((id_of(snapshot, copy), copy) for copy in snapshot.copies())
