"""The manifests of one Application before and after a change.

Manifests are the same when they are one object in the cluster, whichever file they stand in. kustomize names
generated ConfigMaps and Secrets by their content: such an object under its next name is the same one with other
content, and so are references to it (api/internal/accumulator, name references; api/hasher for the names).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops.discovery.snapshot import Owned, OwnedId, Part, Snapshot, State
from gitops.facts.changes.fields import ABSENT, FieldChange, differences, value_at
from gitops.facts.changes.folding import is_folded
from gitops.facts.changes.model import ResourceChange, Turn
from gitops.facts.deletions.prune import twin, unhashed
from gitops.facts.scopes import id_of
from gitops.resources.meaning import as_applied
from gitops.resources.rendering import NotAnalysed, Rendered
from gitops.resources.resource import Resource, ResourceId

Key = tuple[OwnedId, bool, str]


def resource_changes(
    before: State | None, after: State | None, base: Snapshot, head: Snapshot
) -> Iterator[ResourceChange]:
    """What comes, goes and changes of the manifests that are rendered on both sides."""
    old = _manifests(before, base) if before is not None else {}
    new = _manifests(after, head) if after is not None else {}
    pairs = {key: key for key in old if key in new}
    generated = {
        (key[0].cluster, unhashed(key[0].id)): key
        for key, copy in new.items()
        if copy.resource.generator is not None and key not in old
    }
    for key in old:
        if key not in pairs and (other := _now(key, new, old, generated)) is not None:
            pairs[key] = other
    renamed = _renames(pairs, old, new)
    taken = set(pairs.values())
    for key, copy in old.items():
        if key in pairs:
            change = changed(copy, new[pairs[key]], pairs[key][0], renamed)
            if change is not None:
                yield change
        elif after is None or is_seen(after, copy):
            yield ResourceChange(key[0], Turn.GOES, copy, None)
    for key, copy in new.items():
        if key not in taken and (before is None or is_seen(before, copy)):
            yield ResourceChange(key[0], Turn.COMES, None, copy)


def is_seen(other: State, copy: Owned) -> bool:
    """Whether the source of a manifest is rendered on the other side too, or built without the same kind of entries:
    else nobody knows what it has there."""
    if all(isinstance(part.rendering, Rendered) for part in other.parts):
        return True
    index = copy.part.index
    return any(part.index == index and _tells(part, copy.part) for part in other.parts)


def _tells(part: Part, of: Part) -> bool:
    if isinstance(part.rendering, NotAnalysed):
        return part.rendering.seen is not None and not isinstance(of.rendering, Rendered)
    return isinstance(part.rendering, Rendered)


def _manifests(state: State, snapshot: Snapshot) -> dict[Key, Owned]:
    """By object; of repeated ones the last counts. What the cluster names goes by its number."""
    found: dict[Key, Owned] = {}
    nameless = 0
    copies = (Owned(state, part, each, snapshot.tree) for part in state.parts for each in part.seen)
    for copy in copies:
        number = ""
        if not copy.resource.id.name or copy.resource.random:
            nameless += 1
            number = str(nameless)
        owned_id = id_of(snapshot, copy)
        if copy.resource.random:
            rid = owned_id.id
            owned_id = OwnedId(owned_id.cluster, ResourceId(rid.group, rid.kind, rid.namespace, ""))
        found[owned_id, copy.resource.hook, number] = copy
    return found


def _now(
    key: Key, new: Mapping[Key, Owned], old: Mapping[Key, Owned], generated: Mapping[tuple[str, ResourceId], Key]
) -> Key | None:
    """Under which key an object goes on: as a hook or no longer as one, in another API group, under the next hash.
    `generated` are new names without their hashes."""
    owned_id, hook, number = key
    for candidate in ((owned_id, not hook, number), (twin(owned_id), hook, number)):
        if candidate in new and candidate not in old:
            return candidate
    if old[key].resource.generator is None:
        return None
    return generated.get((owned_id.cluster, unhashed(owned_id.id)))


def _renames(pairs: Mapping[Key, Key], old: Mapping[Key, Owned], new: Mapping[Key, Owned]) -> dict[str, str]:
    return {
        one[0].id.name: other[0].id.name
        for one, other in pairs.items()
        if one[0].id.name != other[0].id.name and old[one].resource.generator and new[other].resource.generator
    }


def changed(before: Owned, after: Owned, owned_id: OwnedId, renamed: Mapping[str, str]) -> ResourceChange | None:
    """What differs between two copies of one object; None where nothing does. `renamed` are names that hashes gave
    before the change, and those that they give after it."""
    if before.resource.text == after.resource.text:
        return None
    rid = owned_id.id
    used: dict[str, str] = {}
    was = with_names(placed_manifest(before.resource, rid.namespace), renamed, used)
    will = placed_manifest(after.resource, rid.namespace)
    found = [_as_written(change, was, will) for change in differences(rid, as_applied(was), as_applied(will))]
    if not found and not used:
        return None
    told = tuple(change for change in found if not is_folded(change))
    folded = tuple(change for change in found if is_folded(change))
    return ResourceChange(owned_id, Turn.CHANGES, before, after, told, folded, tuple(used.items()))


def placed_manifest(resource: Resource, namespace: str) -> dict[str, Any]:
    """The manifest as it is rendered, in the namespace where it lands ('' for a cluster-scoped kind)."""
    manifest = resource.manifest()
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or (metadata.get("namespace") or "") == namespace:
        return manifest
    rest = {key: value for key, value in metadata.items() if key != "namespace"}
    return {**manifest, "metadata": {**rest, "namespace": namespace} if namespace else rest}


def _as_written(change: FieldChange, before: Any, after: Any) -> FieldChange:
    """Amounts are compared in one spelling (`1Gi`, `1024Mi`), and told in their own."""
    if change.order:
        return change
    was, will = (
        value if value is ABSENT or found is ABSENT else found
        for value, found in (
            (change.before, value_at(before, change.path)),
            (change.after, value_at(after, change.path)),
        )
    )
    return FieldChange(change.path, was, will)


def with_names(value: Any, renamed: Mapping[str, str], used: dict[str, str]) -> Any:
    """A copy in which names stand as they are after the change; those that were found are put into `used`."""
    if not renamed:
        return value
    if isinstance(value, dict):
        return {key: with_names(inner, renamed, used) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_names(item, renamed, used) for item in value]
    if isinstance(value, str) and value in renamed:
        used[value] = renamed[value]
        return renamed[value]
    return value
