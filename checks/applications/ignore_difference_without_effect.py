"""An `ignoreDifferences` entry ignores nothing.

What it finds: entries that fit nothing which the Application renders, pointers and jq expressions that can lead to no
field of it (a name where there is a list, a slash that is not escaped, a name that is spelt almost like one that is
there), and entries that name no field at all.

Why it matters: the difference that was to be ignored keeps the Application OutOfSync, and `selfHeal` goes on undoing
it.

Example: `group: apps/v1` (a group has no version), `name: web-*` (a name is no pattern), `jsonPointers:
[spec/replicas]`.

How the fix is safe: none is offered; the part of the entry that does not fit is named.

How sure it is: a warning where only one part of the entry does not fit; a notice where the Application brings nothing
of the kind at all. Silent unless everything that the Application (of an ApplicationSet: each of them) renders is
known, and about kinds that a chart may bring on another cluster. Hooks are not compared, so what fits only a hook
fits nothing.

Sources: argo-cd, util/argo/normalizers/diff_normalizer.go; github.com/evanphx/json-patch, patch.go (findObject).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checks.applications.annotations import quoted
from checks.applications.differences import Ignored, ignored_by
from checks.applications.paths import of_expression, of_pointer
from checks.applications.subjects import Remark, Subject, collect, subjects_of, told
from checks.coverage import Sight, sight_of
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.owners import owned_by
from gitops.resources.resource import Resource, ResourceId

RULE = declare("ignore-difference-without-effect", Severity.WARNING, Severity.NOTICE)

_ROUTE = ("spec", "ignoreDifferences")
_COMPARED = "Argo CD goes on comparing what this entry was to leave out."


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each entry."""
    head = change.head
    for subject in head.once(subjects_of):
        yield from told(RULE, head, subject, collect(subject, _written(subject)))
        yield from told(RULE, head, subject, collect(subject, _unfit(head, subject)))


def _written(subject: Subject) -> Iterator[tuple[State, Remark]]:
    """What is wrong whatever is rendered."""
    for state in subject.states:
        for entry in ignored_by(state):
            route = (*_ROUTE, entry.index)
            said: list[tuple[str, str, str]] = []
            if "/" in entry.group:
                said.append(("group", f"the group {quoted(entry.group)} has a version", "Write the group alone."))
            if entry.group in ("core", "v1"):
                said.append(("group", f"there is no group {quoted(entry.group)}", "Write `group: ''`."))
            if "*" in entry.name or "*" in entry.namespace:
                said.append(("name", "a name is no pattern", "Leave the name out, or write an entry for each."))
            if not entry.pointers and not entry.expressions and not entry.managers:
                fields = "`jsonPointers`, `jqPathExpressions` or `managedFieldsManagers`"
                said.append(("fields", "it names no field to be ignored", f"Add {fields}."))
            for pointer in entry.pointers:
                if not pointer.startswith("/"):
                    dotted = pointer.strip().lstrip(".").replace(".", "/")
                    advice = f"Write `/{dotted}`." if dotted.replace("/", "").isalnum() else "Begin it with `/`."
                    said.append((pointer, f"the pointer {quoted(pointer)} does not begin with `/`", advice))
            for about, message, advice in said:
                text = f"in an `ignoreDifferences` entry of {_name(entry)}, {message}"
                yield state, Remark(route, text, _COMPARED, advice, (_name(entry), about), Severity.WARNING)


def _unfit(head: Snapshot, subject: Subject) -> Iterator[tuple[State, Remark]]:
    """What fits nothing that is rendered."""
    if any(sight_of(state) is not Sight.WHOLE for state in subject.states):
        return
    entries: dict[Ignored, list[State]] = {}
    for state in subject.states:
        for entry in ignored_by(state):
            entries.setdefault(entry, []).append(state)
    if not entries:
        return
    manifests = _Manifests(head, subject)
    templated = any(copy.resource.template for state in subject.states for copy in head.copies(state))
    for entry, states in entries.items():
        if "/" in entry.group or entry.group in ("core", "v1") or "*" in entry.name or "*" in entry.namespace:
            continue
        found = [rid for state in states for rid in manifests.ids(state)]
        if any(entry.fits(rid) for rid in found):
            yield from _astray(entry, states, manifests)
        if not found or any(entry.fits(rid) for rid in found):
            continue
        remark = _remark(entry, found, templated)
        if remark is not None:
            yield from ((state, remark) for state in states)


class _Manifests:
    """What the Applications of a subject own, read where it is asked for."""

    def __init__(self, head: Snapshot, subject: Subject) -> None:
        self._owned = {id(state): list(owned_by(head, state)) for state in subject.states}
        self._read: dict[int, Mapping[str, Any]] = {}

    def ids(self, state: State) -> Iterator[ResourceId]:
        return (rid.id for rid, _ in self._owned[id(state)])

    def of(self, entry: Ignored, states: Iterable[State]) -> list[Mapping[str, Any]]:
        """Those that an entry is about."""
        fitting = [copy.resource for state in states for rid, copy in self._owned[id(state)] if entry.fits(rid.id)]
        return [self._manifest(one) for one in fitting]

    def _manifest(self, resource: Resource) -> Mapping[str, Any]:
        if id(resource) not in self._read:
            self._read[id(resource)] = resource.manifest()
        return self._read[id(resource)]


def _astray(entry: Ignored, states: list[State], manifests: _Manifests) -> Iterator[tuple[State, Remark]]:
    """Paths that can lead to nothing."""
    pointers = [path for path in entry.pointers if path.startswith("/")]
    paths = (*pointers, *entry.expressions)
    made = manifests.of(entry, states) if paths else []
    for path in paths:
        look = of_pointer if path in pointers else of_expression
        found = look(path, made)
        if found is not None:
            text = f"in an `ignoreDifferences` entry of {_name(entry)}, {quoted(path)} leads to nothing: {found.why}"
            about = (_name(entry), path)
            remark = Remark((*_ROUTE, entry.index), text, _COMPARED, found.advice, about, Severity.WARNING)
            yield from ((state, remark) for state in states)


def _remark(entry: Ignored, found: Iterable[ResourceId], templated: bool) -> Remark | None:
    of_kind = [rid for rid in found if entry.fits_kind(rid)]
    alike = [rid for rid in found if rid.kind.lower() == entry.kind.lower() and entry.name in ("", rid.name)]
    severity = Severity.WARNING
    if of_kind:
        named = [rid for rid in of_kind if entry.name in ("", rid.name)]
        if named:
            places = listed([f"`{name}`" for name in dict.fromkeys(rid.namespace for rid in named) if name], 3)
            advice = f"Write the namespace {places}." if any(rid.namespace for rid in named) else "Take it out."
            message = f"none of it is in the namespace {quoted(entry.namespace)}"
        elif templated:
            return None  # its names may depend on what is known in the cluster only
        else:
            advice = f"It brings {listed([f'`{name}`' for name in dict.fromkeys(rid.name for rid in of_kind)], 3)}."
            message = f"none is called {quoted(entry.name)}"
    elif alike:
        rid = alike[0]
        advice = f"Write `group: {rid.group or repr('')}` and `kind: {rid.kind}`."
        message = f"it brings {rid.kind}s of the group `{rid.group}`" if rid.group else f"it brings {rid.kind}s of ''"
    elif templated:
        return None
    else:
        severity = Severity.NOTICE
        advice = "Take the entry out, unless what it is about comes again."
        message = "it brings nothing of that kind"
    text = f"an `ignoreDifferences` entry of {_name(entry)} fits nothing: {message}"
    return Remark((*_ROUTE, entry.index), text, _COMPARED, advice, (_name(entry), "unfit"), severity)


def _name(entry: Ignored) -> str:
    kind = f"{entry.kind}.{entry.group}" if entry.group else entry.kind
    where = f"{entry.namespace}/" if entry.namespace else ""
    return quoted(f"{kind} {where}{entry.name}".strip())
