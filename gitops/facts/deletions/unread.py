"""What cannot be rendered here, and what its files tell all the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitops.applications.application import Source
from gitops.discovery.snapshot import Owned, OwnedId, Part, Snapshot, State
from gitops.facts.deletions.meant import say_the_same
from gitops.facts.deletions.options import SYNC_OPTIONS
from gitops.facts.scopes import scopes_in
from gitops.facts.secrets.pods import mapping
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure, load
from gitops.kustomize.names import renamed
from gitops.resources.manifests import canonical, read_plain, text_of
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from gitops.resources.resource import Resource, ResourceId


def unread(state: State) -> str:
    """Why some of what an Application deploys is not known; '' when all of it is."""
    for part in state.parts:
        if isinstance(part.rendering, NotAnalysed):
            return part.rendering.reason
        if isinstance(part.rendering, RenderFailed):
            return part.rendering.message
    return ""


def reads_the_same(before: State, after: State | None, base: Tree, head: Tree) -> bool:
    """Whether an Application is made of the same sources, with the same files, on both sides. Without `after`, it is
    the one of the base that is looked at in the head."""
    if after is not None and not _is_said_alike(before, after):
        return False
    states = (before, after) if after is not None else (before,)
    return not _differ(_files(states, base, head), base, head)


def _is_said_alike(before: State, after: State) -> bool:
    as_many = len(before.parts) == len(after.parts)
    return as_many and say_the_same(before.application.sources, after.application.sources)


def _files(states: Iterable[State], *trees: Tree) -> set[str]:
    """The files of this repository that an Application is made of in any of these states, in any of the trees."""
    return {
        path
        for state in states
        for source, part in zip(state.application.sources, state.parts, strict=False)
        for path in _read_by(source, part, *trees)
    }


def _differ(paths: Iterable[str], base: Tree, head: Tree) -> bool:
    return any(base.entry(path) != head.entry(path) for path in paths)


def _read_by(source: Source, part: Part, *trees: Tree) -> set[str]:
    """The files of this repository that a source is made of, in any of the trees."""
    if part.reads is not None:
        return set(part.reads)
    if _elsewhere(part):
        return set()
    paths = set(part.closure.files) if part.closure is not None else set()
    if source.path:
        paths.update(path for tree in trees for path in _below(tree, source.path))
    return paths


def changed_files(before: State, after: State, base: Tree, head: Tree) -> list[str]:
    """What differs in the files that an Application is made of on either side."""
    paths = _files((before, after), base, head)
    return sorted(path for path in paths if base.entry(path) != head.entry(path))


def may_gain_hooks(state: State, base: Tree, head: Tree) -> bool:
    """Whether a file that changes among those of an Application of the base speaks of a hook, which deletes an object
    of its name without any pruning."""
    changed = (path for path in _files((state,), base, head) if base.entry(path) != head.entry(path))
    try:
        return any(head.entry(path) is not None and b"hook" in head.read(path) for path in changed)
    except GitopsError:
        return True


def differs_in_listed(before: State, after: State, base: Tree, head: Tree) -> bool:
    """Whether all that differs is the content of manifests that its kustomizations list on both sides, by the same
    entries. Then what cannot be rendered is made as before, and what goes is what `left_files` finds."""
    if not _is_said_alike(before, after):
        return False
    for source, old, new in zip(before.application.sources, before.parts, after.parts, strict=False):
        if isinstance(old.rendering, RenderFailed) or isinstance(new.rendering, RenderFailed):
            return False
        paths = _read_by(source, old, base, head) | _read_by(source, new, base, head)
        if old.closure is not None and new.closure is not None:
            paths -= old.closure.chains.keys() & new.closure.chains.keys()
        if _differ(paths, base, head):
            return False
    return True


def content_of(state: State, tree: Tree) -> str:
    """A digest of the files that an Application is made of here, and of what it says about them."""
    entries = ((path, tree.entry(path)) for path in sorted(_files((state,), tree)))
    files = [(path, entry.mode, entry.oid) for path, entry in entries if entry is not None]
    return hashlib.sha256(repr((state.application.sources, files)).encode()).hexdigest()


def lost_its_path(state: State, tree: Tree) -> bool:
    """Whether a source's directory is gone, so that nothing can be compared and the Application is not synced."""
    for source, part in zip(state.application.sources, state.parts, strict=False):
        if source.path and isinstance(part.rendering, Rendered) and not _elsewhere(part):
            try:
                if not tree.is_dir(tree.resolve(source.path)):
                    return True
            except GitopsError:
                return True
    return False


def _elsewhere(part: Part) -> bool:
    """Whether it is rendered from another revision or repository, which a commit here does not change."""
    return bool(part.elsewhere) or (isinstance(part.rendering, NotAnalysed) and bool(part.rendering.follows))


def _below(tree: Tree, path: str) -> Iterator[str]:
    try:
        yield from tree.walk(tree.resolve(path))
    except (GitopsError, KeyError):
        return


def left_files(before: State, after: State, base: Snapshot, head: Snapshot) -> dict[OwnedId, Owned]:
    """Manifests that a kustomization which cannot be rendered whole listed before, and lists no more: by the names
    that stand in them, which the kustomization may change on the way."""
    found: dict[OwnedId, Owned] = {}
    for old, new in zip(before.parts, after.parts, strict=False):
        if isinstance(old.rendering, Rendered) and isinstance(new.rendering, Rendered):
            continue
        if old.closure is None or new.closure is None:
            continue
        for rid, resource in _no_longer_listed(old.closure, new.closure, base.tree, head.tree):
            if not resource.hook and rid.name:
                destination = before.application.destination
                placed = rid.placed(destination.namespace, base.once(scopes_in))
                found[OwnedId(destination.cluster, placed)] = Owned(before, old, resource, base.tree)
    return found


def listed_in(state: State, snapshot: Snapshot) -> dict[OwnedId, Owned]:
    """Manifests that the kustomizations of what cannot be rendered list, where not even a part of it can be built."""
    found: dict[OwnedId, Owned] = {}
    for part in state.parts:
        if isinstance(part.rendering, NotAnalysed) and part.rendering.seen is None and part.closure is not None:
            for rid, resource in _listed(_ways(part.closure, snapshot.tree), snapshot.tree, {}):
                destination = state.application.destination
                placed = rid.placed(destination.namespace, snapshot.once(scopes_in))
                if not resource.hook and rid.name:
                    found[OwnedId(destination.cluster, placed)] = Owned(state, part, resource, snapshot.tree)
    return found


Content = tuple[str, str]  # a path, and git's id of what is there
Way = tuple[Content, ...]  # a file, and the kustomizations that bring it in, the innermost first


def _no_longer_listed(old: Closure, new: Closure, base: Tree, head: Tree) -> Iterator[tuple[ResourceId, Resource]]:
    before, after = _ways(old, base), _ways(new, head)
    known: dict[Content, Mapping[str, Any]] = {}
    lost = dict(_listed(before - after, base, known))
    # What is listed as before is read only where something may have gone into it.
    for ways in (after - before, after & before):
        if lost:
            for rid, _ in _listed(ways, head, known):
                lost.pop(rid, None)
    yield from lost.items()


def _ways(closure: Closure, tree: Tree) -> set[Way]:
    return {
        tuple((path, _oid(path, tree)) for path in (file, *(entry.span.path for entry in reversed(chain))))
        for file, chains in closure.chains.items()
        for chain in chains
    }


def _oid(path: str, tree: Tree) -> str:
    try:
        entry = tree.entry(tree.resolve(path))
    except GitopsError:
        return ""
    return entry.oid if entry is not None else ""


def _listed(
    ways: Iterable[Way], tree: Tree, known: dict[Content, Mapping[str, Any]]
) -> Iterator[tuple[ResourceId, Resource]]:
    """The manifests at the ends of these ways, by what the kustomizations make of their names."""
    for (path, _), *around in sorted(ways):
        try:
            resources = read_plain(path, tree.read(tree.resolve(path)), lambda _value: "")
        except (GitopsError, KeyError):
            continue  # that it cannot be read is said of the whole Application
        fields = [_fields(content, tree, known) for content in around]
        for resource in resources:
            rid = resource.id
            for each in fields:
                rid = renamed(rid, each)
            yield rid, _annotated(resource, fields)


def _fields(content: Content, tree: Tree, known: dict[Content, Mapping[str, Any]]) -> Mapping[str, Any]:
    if content not in known:
        try:
            known[content] = load(tree, content[0], {}).fields
        except GitopsError:
            known[content] = {}
    return known[content]


def _annotated(resource: Resource, around: Sequence[Mapping[str, Any]]) -> Resource:
    """The resource with the sync options that kustomizations around it give to all that they bring."""
    said = [mapping(fields.get("commonAnnotations")).get(SYNC_OPTIONS) for fields in around]
    option = next((text_of(each) for each in reversed(said) if each), "")
    if not option:
        return resource
    manifest = resource.manifest()
    metadata = mapping(manifest.get("metadata"))
    annotations = {**mapping(metadata.get("annotations")), SYNC_OPTIONS: option}
    return replace(resource, text=canonical({**manifest, "metadata": {**metadata, "annotations": annotations}}))
