"""Finding the Applications of a tree that hardly differs from one whose Applications are known.

Each Application's answer is kept with what it was read from (`gitops.files.reads`). Where a change leaves alone who
brings in whom, only the Applications that read what has changed are looked at again. Whether it does is decided by
what the scan and the roots are made of; in doubt everything is found anew, so the result is the same as `discover`
gives. What is outside is asked for again: a branch elsewhere may have moved, and its files are kept nowhere here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from gitops.applications.argocd_config import INSTALLS
from gitops.discovery.known import Known, same_question
from gitops.discovery.record import Record
from gitops.discovery.roots import Node
from gitops.discovery.rounds import Discovery, Search, discover
from gitops.discovery.scan import COMMANDS, DECLARES, SUFFIXES, Scan, applying, look, targets
from gitops.discovery.scripted import READER, by_chance, scripted
from gitops.discovery.set_aside.laid_aside import is_laid_aside
from gitops.discovery.set_aside.undeployed import excluded
from gitops.discovery.settled import settle_parts
from gitops.discovery.snapshot import Earlier, Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.reads import WatchedTree
from gitops.files.tree import MODE_SUBMODULE, MODE_SYMLINK, Changes, Tree
from gitops.kustomize.closure import load
from gitops.kustomize.kustomization import FILE_NAMES, Kustomization
from gitops.outside.answers import Answers, asked_now, identity
from gitops.resources.rendering import Asking, fetched
from gitops.resources.resource import Resource


def rediscover(
    before: Snapshot, tree: Tree, analysis: Analysis, changes: Changes | None = None, *, remember: bool = False
) -> Discovery:
    """What `discover(tree, analysis)` gives. `changes` are those since the tree of `before`. With `remember` the
    result can be `before` of the next time; without, it keeps `before`, and costs only what is looked at again."""
    record = before.record
    if not isinstance(record, Record) or before.truncated or not same_question(record.given, analysis):
        return (yield from discover(tree, analysis))
    if changes is None:
        changes = tree.changes_since(before.tree)
    if _leads_elsewhere(before.tree, tree, changes):
        return (yield from discover(tree, analysis))
    answers, moved = yield from _asked_again(record)
    touched = (record.reads.touched_by(changes, before.tree, tree) | moved) - {READER}
    search = None
    if "" not in touched and _keeps_the_roots(record, before.tree, tree, changes):
        search = yield from _again(record, tree, touched, answers)
    if search is None:
        return (yield from discover(tree, analysis, Known(record, frozenset(touched)), answers))
    states = list(before.states)
    changed: list[int] = []
    for place in (place for id_ in search.nodes for place in record.places.get(id_, ())):
        old, node = states[place], search.nodes[record.order[place]]
        states[place] = State(old.application, settle_parts(old, node.parts, record.config, before.clusters))
        changed.append(place)
    installing = _installing(record, before, tree, changes)
    applied = before.applied
    if remember:
        applied_by = _applying(record, before, tree, changes, installing)
        record = replace(record, found=replace(record.found, applying=applied_by))
        scripts = [path for path in record.found.applying if excluded(path, record.analysis.exclude) is None]
        applied = yield from scripted(tree, scripts, installing, states, record.analysis, answers)
        touched = touched | {READER}
    asked = asked_now(record.asked, touched, answers)
    known = (
        replace(record, nodes={**record.nodes, **search.nodes}, reads=record.reads.also(search.reads), asked=asked)
        if remember and not search.by_chance and not by_chance(applied)
        else None
    )
    earlier = None if remember else Earlier(before, tuple(sorted(changed)))
    return replace(
        before,
        tree=tree,
        states=tuple(states),
        installing=installing,
        applied=applied,
        outside=tuple(asked.values()),
        record=known,
        earlier=earlier,
    )


def _installing(record: Record, before: Snapshot, tree: Tree, changes: Changes) -> tuple[str, ...]:
    """As a scan would find them (`Snapshot.installing`)."""
    changed = changes.modified | changes.one_sided
    found = {path for path in before.installing if path not in changed}
    for path in changed:
        looked_at = path.rpartition("/")[2] in FILE_NAMES or path.endswith(SUFFIXES)
        if looked_at and excluded(path, record.given.exclude) is None:
            found.update([path] if look(tree, path, record.analysis.scan_memo) & INSTALLS else [])
    return before.installing if found == set(before.installing) else tuple(sorted(found))


def _applying(
    record: Record, before: Snapshot, tree: Tree, changes: Changes, installing: tuple[str, ...]
) -> list[str]:
    """As a scan would find them (`Scan.applying`)."""
    memo = record.analysis.scan_memo
    if bool(before.installing) != bool(installing):
        return sorted(applying(tree, tree.paths(), installing, memo))
    changed = changes.modified | changes.one_sided
    found = {path for path in record.found.applying if path not in changed}
    return sorted({*found, *applying(tree, (path for path in changed if path in tree), installing, memo)})


def _leads_elsewhere(before: Tree, after: Tree, changes: Changes) -> bool:
    """Whether a link or a submodule comes, goes or changes: nobody has noted all the ways over it."""
    paths = (*changes.modified, *changes.one_sided)
    return any({before.mode(path), after.mode(path)} & {MODE_SYMLINK, MODE_SUBMODULE} for path in paths)


def _asked_again(record: Record) -> Asking[tuple[Answers, set[str]]]:
    """What is outside as it is now, and who would be answered otherwise than before."""
    found = yield from fetched([one.wanted for one in record.asked.values()])
    moved = (one.readers for key, one in record.asked.items() if identity(found[key]) != one.identity)
    return Answers(found), set().union(*moved)


def _keeps_the_roots(record: Record, before: Tree, after: Tree, changes: Changes) -> bool:
    """Whether a scan of both trees finds the same declarations, and the same kustomizations that bring them in."""
    for path in (*changes.modified, *changes.one_sided):
        if path in record.found.linked or path in before.absent or path in after.absent:
            return False
        name = path.rpartition("/")[2]
        if name == "Chart.yaml" and path in changes.one_sided:
            return False  # what lies in its `templates` is no manifest
        told = _told(record, before, path) | _told(record, after, path)
        if name in FILE_NAMES:
            if told & ~DECLARES or not _lists_alike(record, before, after, path):
                return False
        elif told:
            return False
    return True


def _told(record: Record, tree: Tree, path: str) -> int:
    """What the scan and Argo CD's configuration take from a file, in bits."""
    name = path.rpartition("/")[2]
    looked_at = name in FILE_NAMES or path.endswith(SUFFIXES) or is_laid_aside(name)
    return look(tree, path, record.analysis.scan_memo) & ~(INSTALLS | COMMANDS) if looked_at else 0


def _lists_alike(record: Record, before: Tree, after: Tree, path: str) -> bool:
    """Whether a kustomization brings in the same declarations in both trees; not where one does not have it."""
    try:
        one, other = (load(tree, path, record.analysis.memo) for tree in (before, after))
    except GitopsError:
        return False
    if _is_component(one) != _is_component(other):
        return False
    return _declaring(record.found, before, one) == _declaring(record.found, after, other)


def _is_component(kustomization: Kustomization) -> bool:
    return kustomization.fields.get("kind") == "Component"


def _declaring(found: Scan, tree: Tree, kustomization: Kustomization) -> set[tuple[str, str]]:
    """(field, target) of the entries that lead to declarations."""
    return {
        (field, target)
        for field, target in targets(tree, kustomization)
        if target in found.declared or any(posixpath.join(target, name) in found.bringing for name in FILE_NAMES)
    }


def _again(record: Record, tree: Tree, touched: set[str], answers: Answers) -> Asking[Search | None]:
    """The search that has looked at these declarations again; None where they bring in something else now."""
    search = Search(tree, WatchedTree(tree), record.found, record.analysis, [], record.config, answers=answers)
    yield from search.expand([record.nodes[id_].declaration for id_ in touched])
    for id_ in touched:
        if not _brings_the_same(record.nodes[id_], search.nodes[id_], record.found):
            return None
    return search


def _brings_the_same(old: Node, new: Node, found: Scan) -> bool:
    tops = found.bringing
    return (
        [(child.id, child.origin, child.generated, child.elsewhere) for child in old.children]
        == [(child.id, child.origin, child.generated, child.elsewhere) for child in new.children]
        and old.directories == new.directories
        and old.unknown == new.unknown
        and old.refused == new.refused
        and (old.assumed, old.live) == (new.assumed, new.live)
        and old.put_aside == new.put_aside
        and old.kustomizations & tops == new.kustomizations & tops
        and list(_declarations(old)) == list(_declarations(new))
    )


def _declarations(node: Node) -> Iterator[Resource]:
    for part in node.parts:
        for resource in part.resources:
            if resource.id.group == "argoproj.io" and resource.id.kind in ("Application", "ApplicationSet"):
                yield resource
