"""What Argo CD deletes in clusters once a change is merged.

Source: facts of argo-cd 3.x, controller/state.go and gitops-engine: an Application with automated prune deletes what
it tracks and no longer renders, unless the object says `Prune=false` (or Helm's `resource-policy: keep`); an
Application that is deleted takes what it owns along when it has the finalizer, unless the object says `Delete=false`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gitops.applications import GROUP, IN_CLUSTER, Application
from gitops.deletions.data import is_data_bearing
from gitops.order.model import Handover
from gitops.rendering import Rendered, RenderFailed
from gitops.resources import ResourceId
from gitops.secrets.pods import at, mapping, read_manifest
from gitops.snapshot import Owned, OwnedId, Snapshot, State

Grouping = Callable[[Application], str]

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
_HASH = re.compile(r"-[a-z0-9]{10}$")
_FIRST = (("", "Namespace"), ("", "PersistentVolumeClaim"), ("apiextensions.k8s.io", "CustomResourceDefinition"))


@dataclass(frozen=True)
class Deleted:
    """One object. `copy` is what the base has; `whole` tells that its Application is deleted; `inside` counts what
    other Applications keep in a Namespace that goes."""

    id: OwnedId
    copy: Owned
    whole: bool = False
    inside: int = 0


@dataclass(frozen=True)
class Moved:
    """One object that another Application brings now: whether the one that brought it `prunes` by itself, and whether
    the other one brought it `already`."""

    id: OwnedId
    before: Application
    after: Application
    prunes: bool
    already: bool


@dataclass(frozen=True)
class Deletions:
    """`deleted` in the order of what it costs; `by_hand` goes only when somebody syncs with prune; `kept` is
    protected; `orphaned` are Applications that go and leave everything behind; `unknown` those that do not render."""

    deleted: tuple[Deleted, ...] = ()
    moved: tuple[Moved, ...] = ()
    by_hand: tuple[Deleted, ...] = ()
    kept: tuple[Deleted, ...] = ()
    orphaned: tuple[Application, ...] = ()
    unknown: tuple[Application, ...] = ()


def deletions(base: Snapshot, head: Snapshot, before: Grouping, after: Grouping) -> Deletions:
    """Compare what was rendered with what is. The groupings tell the Argo CDs of the base and of the head apart."""
    found = _Comparison(base, head, before, after)
    for state in base.states:
        found.compare(state)
    return found.result()


def handovers(found: Deletions) -> tuple[Handover, ...]:
    """What passes to another Application: that one is to take it over before the first one lets go of it."""
    return tuple(Handover(m.after.key, m.before.key, m.id.id, m.id.cluster) for m in found.moved)


class _Comparison:
    def __init__(self, base: Snapshot, head: Snapshot, before: Grouping, after: Grouping) -> None:
        self._base, self._head = base, head
        self._before, self._after = before, after
        self._deleted: list[Deleted] = []
        self._moved: list[Moved] = []
        self._by_hand: list[Deleted] = []
        self._kept: list[Deleted] = []
        self._orphaned: list[Application] = []
        self._unknown: list[Application] = []

    def compare(self, state: State) -> None:
        application = state.application
        now = counterpart(self._head, application)
        if now is None:
            self._gone(state)
            return
        if now.application.destination.cluster != application.destination.cluster:
            return  # what is in the former cluster stays there
        lost = [
            (owned_id, copy)
            for owned_id, copy in self._owned(self._base, state)
            if not self._renders(self._head, now, owned_id)
        ]
        if not lost:
            return
        rendering = now.rendering
        if not isinstance(rendering, Rendered) or rendering.gaps:
            if isinstance(rendering, RenderFailed) or state.parts != now.parts:
                self._unknown.append(now.application)
            return
        renamed = {_unhashed(owned_id.id) for owned_id, _ in self._owned(self._head, now)}
        prunes = now.application.sync_policy.prune
        for owned_id, copy in lost:
            if copy.resource.generator is not None and _unhashed(owned_id.id) in renamed:
                continue  # the same ConfigMap or Secret with other content
            other = self._other_owner(owned_id, application, self._after(now.application))
            if other is not None:
                self._moved.append(self._handed(copy, owned_id, other, prunes and not _protected(copy, "Prune")))
            elif _protected(copy, "Prune"):
                self._kept.append(Deleted(owned_id, copy))
            elif prunes:
                self._deleted.append(self._weighed(owned_id, copy, whole=False))
            else:
                self._by_hand.append(Deleted(owned_id, copy))

    def _gone(self, state: State) -> None:
        application = state.application
        deleter = self._deleter(application)
        if deleter is None:
            return  # nobody in the repository brought it, so nobody takes it away
        if not application.cascades:
            self._orphaned.append(application)
            return
        for owned_id, copy in self._owned(self._base, state):
            other = self._other_owner(owned_id, application, self._before(application))
            if other is not None:
                self._moved.append(self._handed(copy, owned_id, other, deleter and not _protected(copy, "Delete")))
            elif _protected(copy, "Delete"):
                self._kept.append(Deleted(owned_id, copy, whole=True))
            elif deleter:
                self._deleted.append(self._weighed(owned_id, copy, whole=True))
            else:
                self._by_hand.append(Deleted(owned_id, copy, whole=True))

    def _deleter(self, application: Application) -> bool | None:
        """Whether the Application's object is deleted by itself; None when nothing here brings it."""
        if application.generated:
            return True  # the controller deletes what its generators no longer give
        rid = ResourceId(GROUP, "Application", application.namespace, application.name)
        for copy in self._base.owners.get(OwnedId(IN_CLUSTER, rid), ()):
            if (
                self._before(copy.application) == self._before(application)
                and copy.application.key != application.key
            ):
                parent = counterpart(self._head, copy.application)
                return parent.application.sync_policy.prune if parent is not None else copy.application.cascades
        return None

    def _owned(self, snapshot: Snapshot, state: State) -> Iterator[tuple[OwnedId, Owned]]:
        destination = state.application.destination
        for part in state.parts:
            for resource in part.rendering.resources if isinstance(part.rendering, Rendered) else ():
                if not resource.hook and resource.id.name:
                    rid = resource.id.placed(destination.namespace, snapshot.scopes)
                    yield OwnedId(destination.cluster, rid), Owned(state, part, resource, snapshot.tree)

    def _renders(self, snapshot: Snapshot, state: State, owned_id: OwnedId) -> bool:
        return any(c.application.key == state.application.key for c in snapshot.owners.get(owned_id, ()))

    def _other_owner(self, owned_id: OwnedId, application: Application, instance: str) -> Application | None:
        for copy in self._head.owners.get(owned_id, ()):
            if self._after(copy.application) == instance and not _same(copy.application, application):
                return copy.application
        return None

    def _handed(self, copy: Owned, owned_id: OwnedId, to: Application, prunes: bool) -> Moved:
        already = any(_same(other.application, to) for other in self._base.owners.get(owned_id, ()))
        now = counterpart(self._head, copy.application)
        return Moved(owned_id, now.application if now is not None else copy.application, to, prunes, already)

    def _weighed(self, owned_id: OwnedId, copy: Owned, *, whole: bool) -> Deleted:
        inside = 0
        if (owned_id.id.group, owned_id.id.kind) == ("", "Namespace"):
            inside = sum(
                1
                for other in self._head.owners
                if other.cluster == owned_id.cluster and other.id.namespace == owned_id.id.name
            )
        return Deleted(owned_id, copy, whole, inside)

    def result(self) -> Deletions:
        return Deletions(
            tuple(sorted(self._deleted, key=_cost)),
            tuple(sorted(self._moved, key=lambda moved: (_rank(moved.id.id), moved.id))),
            tuple(sorted(self._by_hand, key=_cost)),
            tuple(sorted(self._kept, key=_cost)),
            tuple(self._orphaned),
            tuple(self._unknown),
        )


def counterpart(snapshot: Snapshot, application: Application) -> State | None:
    """The Application as another snapshot has it; roots are named by what is in them, so they may differ."""
    own = snapshot.by_key.get(application.key)
    if own is not None:
        return own
    named = [state for state in snapshot.states if _same(state.application, application)]
    return named[0] if len(named) == 1 else None


def _same(one: Application, other: Application) -> bool:
    return (one.namespace, one.name) == (other.namespace, other.name)


def _unhashed(rid: ResourceId) -> ResourceId:
    return ResourceId(rid.group, rid.kind, rid.namespace, _HASH.sub("", rid.name))


def _protected(copy: Owned, what: str) -> bool:
    text = copy.resource.text
    if what.encode() + b"=" not in text and b"resource-policy" not in text:
        return False
    annotations = mapping(at(read_manifest(text), ("metadata", "annotations")))
    options = {option.strip() for option in str(annotations.get(SYNC_OPTIONS) or "").split(",")}
    kept = annotations.get("helm.sh/resource-policy") == "keep"
    return kept or bool(options & {f"{what}=false", f"{what}=confirm"})


def _rank(rid: ResourceId) -> int:
    kind = (rid.group, rid.kind)
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST) + (not is_data_bearing(*kind))


def _cost(deleted: Deleted) -> tuple[int, OwnedId]:
    return (_rank(deleted.id.id), deleted.id)
