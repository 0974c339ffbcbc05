"""Which fields of an Application's resources Argo CD leaves out when it compares."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.applications.ignored import Covered, IgnoredDifference, covered, ignored_everywhere, read_ignored
from gitops.discovery.snapshot import Owned, Snapshot
from gitops.facts.scopes import id_of
from gitops.resources.resource import Resource


def coverage(snapshot: Snapshot, copy: Owned, field: str) -> Covered:
    """Whether a field (a JSON pointer) of a resource is left out, by its Application or by Argo CD's
    configuration."""
    everywhere = snapshot.once(_everywhere)
    placed = id_of(snapshot, copy).id
    return covered((*copy.application.ignored, *everywhere), placed, copy.resource.manifest(), field)


def _everywhere(snapshot: Snapshot) -> tuple[IgnoredDifference, ...]:
    """What the configurations that Applications bring say for all. Which Argo CD has which of several is not asked:
    what one of them leaves out may be left out."""
    return tuple(entry for copy in snapshot.copies(having=_configures) for entry in _told(copy))


def _configures(resource: Resource) -> bool:
    rid = resource.id
    return (rid.group, rid.kind, rid.name) == ("", "ConfigMap", "argocd-cm") or _is_operators(resource)


def _is_operators(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == ("argoproj.io", "ArgoCD")


def _told(copy: Owned) -> Iterator[IgnoredDifference]:
    if _is_operators(copy.resource):
        spec = copy.resource.manifest().get("spec")
        block = spec.get("resourceIgnoreDifferences") if isinstance(spec, dict) else None
        yield from _of_operator(block if isinstance(block, dict) else {})
    else:
        data = copy.resource.manifest().get("data")
        yield from ignored_everywhere(data if isinstance(data, dict) else {})


def _of_operator(block: dict[str, object]) -> Iterator[IgnoredDifference]:
    """The operator's fields (argocd-operator, api/v1beta1: `all` and `resourceIdentifiers`)."""
    entries: list[object] = []
    everything = block.get("all")
    if isinstance(everything, dict):
        entries.append({**everything, "group": "*", "kind": "*"})
    listed = block.get("resourceIdentifiers")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("customization"), dict):
            entries.append({**each["customization"], "group": each.get("group") or "", "kind": each.get("kind")})
    yield from read_ignored(entries)
