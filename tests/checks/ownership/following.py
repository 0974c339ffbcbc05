"""Following advice to the letter, and what must be true afterwards."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

from checks.ownership import duplicate_entry, duplicate_owner
from checks.planning.ownership.plan import Planned, plan_fixes
from checks.policy.file import Policy
from gitops.applications.application import GROUP
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import ApplicationKey, Change, OwnedId, Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.scopes import scopes_in
from gitops.files.tree import Tree
from gitops.kustomize.steps import Exclude, Retire, Step, changes_of, edits_for
from gitops.resources.manifests import redactor
from gitops.resources.rendering import Rendered
from gitops.resources.resource import as_placed
from tests.scenarios import MATCHER

ANALYSIS = Analysis(MATCHER, redactor(b"key"), "none")
Content = Mapping[ApplicationKey, Mapping[OwnedId, Any]]
_T = TypeVar("_T")


def without_engine(work: Generator[Any, Any, _T]) -> _T:
    """Run a discovery or a planning that needs no engine, since it meets plain directories only."""
    try:
        asked = next(work)
        while True:
            assert not asked, "a kustomization in a repository of plain directories"
            asked = work.send({})
    except StopIteration as done:
        found: _T = done.value
        return found


def snapshot_of(tree: Tree) -> Snapshot:
    return without_engine(discover(tree, ANALYSIS))


def advised(snapshot: Snapshot, policy: Policy | None = None) -> Planned:
    """What the ownership rules find, with what could be proven of their advice."""
    change, chosen = Change(None, snapshot), policy or Policy()
    findings = [*duplicate_owner.check(change, chosen), *duplicate_entry.check(change, chosen)]
    return without_engine(plan_fixes(snapshot, ANALYSIS, findings, chosen))


def content(snapshot: Snapshot) -> Content:
    """What each Application deploys: the last copy of a repeated resource counts (controller/state.go)."""
    found: dict[ApplicationKey, dict[OwnedId, Any]] = {}
    for state in snapshot.states:
        destination = state.application.destination
        own = found.setdefault(state.application.key, {})
        for part in state.parts:
            for resource in part.rendering.resources if isinstance(part.rendering, Rendered) else ():
                placed = resource.id.placed(destination.namespace, snapshot.once(scopes_in))
                own[OwnedId(destination.cluster, placed)] = as_placed(resource, placed.namespace)
    return found


def followed(tree: Tree, steps: Sequence[Step]) -> Tree:
    """The repository after somebody did what the steps say."""
    return tree.overlay(changes_of(tree, edits_for(tree, steps)))


def harmless(before: Snapshot, after: Snapshot, steps: Sequence[Step], *, mended: bool = False) -> None:
    """Assert that nothing lost its last owner, nothing changed for who keeps it, and nothing came or went besides.

    An Application that is taken out of git takes its own manifest along, and a narrowed one changes it. One that did
    not render, and was `mended`, may bring what it could not before.
    """
    retired = {step.name for step in steps if isinstance(step, Retire)}
    narrowed = any(isinstance(step, Exclude) for step in steps)
    had, has = content(before), content(after)
    assert {key[2] for key in had.keys() - has.keys()} <= retired
    assert not has.keys() - had.keys()
    everywhere = {(owned, repr(manifest)) for own in has.values() for owned, manifest in own.items()}
    for key, own in had.items():
        now = has.get(key, {})
        assert not now.keys() - own.keys() or (mended and not own), "something came"
        for owned, manifest in own.items():
            itself = (owned.id.group, owned.id.kind) == (GROUP, "Application")
            if owned not in now:
                kept = (owned, repr(manifest)) in everywhere
                assert kept or (itself and owned.id.name in retired), f"{owned.id} lost its last owner"
            elif now[owned] != manifest:
                assert itself and narrowed, f"{owned.id} of {key[2]} changed"
