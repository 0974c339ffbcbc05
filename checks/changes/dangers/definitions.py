"""Fields that a CustomResourceDefinition drops while custom resources say something in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.changes.block import Block
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.discovery.snapshot import Snapshot
from gitops.facts.owners import owners_of
from gitops.facts.secrets.pods import at, mapping, read_manifest, sequence
from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_MOST = 5000  # fields of a schema that are looked at

Path = tuple[str, ...]


def _dropped(subject: Subject) -> Iterator[str]:
    if subject.kind != _DEFINITION or subject.change.before is None:
        return
    before, after = (_schemas(side) for side in (subject.before, subject.after))
    lost = {version: _lost(schema, after[version]) for version, schema in before.items() if version in after}
    lost = {version: fields for version, fields in lost.items() if fields}
    if not lost:
        return
    group = text_of(at(subject.after, ("spec", "group")))
    kind = text_of(at(subject.after, ("spec", "names", "kind")))
    for rid, manifest in _resources(subject.head, group, kind):
        version = text_of(manifest.get("apiVersion")).rpartition("/")[2]
        for field in sorted(lost.get(version, ())):
            if _has(manifest, field):
                yield f"the field `{'.'.join(field)}` goes, and {rid} has it"


def _lost(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[Path]:
    """Fields that a schema no longer knows, and that nothing above them keeps all the same."""
    kept = list(_open(after))
    gone = _fields(before) - _fields(after)
    return {path for path in gone if not any(path[: len(open_)] == open_ for open_ in kept)}


def _schemas(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for version in map(mapping, sequence(at(dict(manifest), ("spec", "versions")))):
        schema = at(dict(version), ("schema", "openAPIV3Schema"))
        if isinstance(schema, dict):
            found[text_of(version.get("name"))] = schema
    return found


def _fields(schema: Mapping[str, Any]) -> set[Path]:
    """The fields that a schema knows, without those of their items below lists that are no fields themselves."""
    found: set[Path] = set()
    todo: list[tuple[Path, Mapping[str, Any]]] = [((), schema)]
    while todo and len(found) < _MOST:
        path, here = todo.pop()
        for name, inner in mapping(here.get("properties")).items():
            found.add((*path, str(name)))
            todo.append(((*path, str(name)), mapping(inner)))
        if isinstance(here.get("items"), dict):
            todo.append(((*path, "[]"), here["items"]))
    return found


def _open(schema: Mapping[str, Any]) -> Iterator[Path]:
    todo: list[tuple[Path, Mapping[str, Any]]] = [((), schema)]
    while todo:
        path, here = todo.pop()
        extra = here.get("additionalProperties")
        if here.get("x-kubernetes-preserve-unknown-fields") is True or extra is True or isinstance(extra, dict):
            yield path
        todo += [((*path, str(name)), mapping(inner)) for name, inner in mapping(here.get("properties")).items()]
        if isinstance(here.get("items"), dict):
            todo.append(((*path, "[]"), here["items"]))


def _resources(snapshot: Snapshot, group: str, kind: str) -> Iterator[tuple[ResourceId, Mapping[str, Any]]]:
    for owned_id, copies in snapshot.once(owners_of).items():
        if (owned_id.id.group, owned_id.id.kind) == (group, kind):
            yield owned_id.id, read_manifest(copies[-1].resource.text)


def _has(value: Any, path: Path) -> bool:
    if not path:
        return True
    if path[0] == "[]":
        return isinstance(value, list) and any(_has(item, path[1:]) for item in value)
    return isinstance(value, dict) and path[0] in value and _has(value[path[0]], path[1:])


ROWS = (
    Danger(
        "used-field-dropped",
        "A CustomResourceDefinition drops a field of its schema that custom resources here have.",
        "the API server drops the value without a word at the next write, and the controller no longer sees it",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning",
        _dropped,
        Block.ASK,
    ),
)
