"""What rules about Applications judge: an Application that is written, or an ApplicationSet with all that it
makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checks.coverage import Sight, sight_of
from checks.declaration import Declaration
from checks.model import Finding, Related, Severity, Topic
from checks.wording import listed
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.scan import has_own_values
from gitops.discovery.snapshot import Snapshot, State
from gitops.files.fields import Route, nearest_field
from gitops.files.spans import Span


@dataclass(frozen=True, slots=True)
class Subject:
    """What is written once: one Application, as often as roots bring it in, or an ApplicationSet (`made_by`) with
    all that it makes."""

    states: tuple[State, ...]
    made_by: ApplicationSet | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from others, whatever becomes of its lines."""
        if self.made_by is not None:
            return (self.document.path, "ApplicationSet", self.made_by.namespace, self.made_by.name)
        application = self.states[0].application
        return (self.document.path, "Application", application.namespace, application.name)

    @property
    def label(self) -> str:
        """What people read: Argo CD's kind and the name."""
        if self.made_by is not None:
            return f"ApplicationSet `{self.made_by.name}`"
        return f"Application `{self.states[0].application.label}`"

    @property
    def document(self) -> Span:
        """Where it is written."""
        return (self.made_by or self.states[0].application).origin.span

    def place(self, snapshot: Snapshot, route: Route) -> Span:
        """Where a field of the Applications' manifests is written, as near as that can be told."""
        before = ("spec", "template") if self.made_by is not None else ()
        return nearest_field(snapshot.tree, self.document, (*before, *route))


def subjects_of(snapshot: Snapshot) -> tuple[Subject, ...]:
    """Everything that is written, in the order of its first Application."""
    sets = {each.key: each for each in snapshot.sets}
    found: dict[tuple[object, ...], tuple[ApplicationSet | None, list[State]]] = {}
    for state in snapshot.states:
        application = state.application
        parent = application.parents[-1] if application.parents else ""
        made_by = sets.get((application.root, application.namespace, parent)) if application.generated else None
        written = made_by or application
        key = (made_by is None, written.origin.span, written.namespace, written.name)
        found.setdefault(key, (made_by, []))[1].append(state)
    return tuple(Subject(tuple(states), made_by) for made_by, states in found.values())


def spec_of(state: State) -> Mapping[str, Any]:
    """The Application's `spec` as written."""
    spec = state.application.manifest.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def is_whole(snapshot: Snapshot, root: str, parents: tuple[str, ...]) -> bool:
    """Whether all that stands above was rendered, so that nothing is patched in later, and by what is deployed: a
    chart that nothing here deploys gets other values than its own."""
    if has_own_values(snapshot.tree, root):
        return False
    blind = snapshot.once(_blind)
    return (root, "") not in blind and not any((root, parent) in blind for parent in parents)


def _blind(snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    """Root and name of each Application that was not seen whole; a root that was not read whole with ''."""
    read = {(one.root, "") for one in snapshot.unknown if not one.is_set}
    names = (state.application for state in snapshot.once(unseen))
    return frozenset({*read, *((application.root, application.name) for application in names)})


def unseen(snapshot: Snapshot) -> tuple[State, ...]:
    """The Applications that were not seen whole. Ask with `snapshot.once`."""
    return tuple(state for state in snapshot.states if sight_of(state) is not Sight.WHOLE)


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to be said of an Application's field at `route`: `message` is one line without a full stop and
    without the Application's name, `effect` and `advice` are sentences, `about` tells it from others of its rule."""

    route: tuple[str | int, ...]
    message: str
    effect: str
    advice: str
    about: tuple[str, ...]
    severity: Severity
    related: tuple[Related, ...] = ()


def told(
    rule: Declaration, snapshot: Snapshot, subject: Subject, remarks: Mapping[Remark, Iterable[State]]
) -> Iterable[Finding]:
    """A finding for each remark, with the Applications that it is about: once for all that one set makes. What is
    wrong in the same way with many is one topic."""
    for remark, states in remarks.items():
        names = tuple(dict.fromkeys(state.application.label for state in states))
        span = subject.place(snapshot, remark.route)
        who = subject.label
        if subject.made_by is not None and len(names) < len({state.application.label for state in subject.states}):
            who = f"{listed([f'`{name}`' for name in names], 3)} of {who}"
        title = remark.message[:1].upper() + remark.message[1:]
        yield rule.finding(
            span,
            f"{who}: {remark.message}",
            topic=Topic(f"{rule}|{remark.message}", title, remark.effect, remark.advice),
            about=(*subject.key, *remark.about),
            severity=remark.severity,
            applications=names,
            related=remark.related,
        )


def collect(subject: Subject, found: Iterable[tuple[State, Remark]]) -> Mapping[Remark, list[State]]:
    """Remarks with the Applications that they are about. Of those with one `about` the first is kept: lines may move
    and elements differ, the problem is one."""
    kept: dict[tuple[tuple[str, ...], Severity], Remark] = {}
    result: dict[Remark, list[State]] = {}
    for state, remark in found:
        first = kept.setdefault((remark.about, remark.severity), remark)
        result.setdefault(first, []).append(state)
    return result
