"""The API server refuses an Application, an ApplicationSet or an AppProject.

What it finds: fields that these kinds do not have, values of a wrong type, and fields that must be there and are not.

Why it matters: a value of a wrong type, or a missing field, has the object refused: it stays as it was, and the sync
that brings it fails. What is no field is dropped, so what was written there does not happen, while the Application
that brings it stays OutOfSync; `kubectl apply` and server-side apply refuse that too.

Example: `syncPolicy.syncOption`, a Helm parameter with `value: true`, `limit: '{{.retries}}'` in the template of an
ApplicationSet (a field that takes a number takes no template).

How the fix is safe: none is offered; the message names the field, and the one that was most likely meant.

How sure it is: an error for a wrong type, a missing field and a field that is spelt almost like another one; a
warning for any other unknown field, which a newer Argo CD may have. Silent where the definition in this repository
has the field, and about what is missing where the manifest was read without being rendered.

Sources: argo-cd, manifests/crds/ (kept in gitops/applications/known_fields.py),
gitops-engine/pkg/utils/kube/resource_ops.go (newApplyOptions sets a validator and no directive), issues 16817 and
17135; argo-helm issue 2180 (OutOfSync for ever); Kubernetes, docs/tasks/extend-kubernetes/custom-resources (pruning,
nulls).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.applications.projects import projects_in
from checks.applications.subjects import is_whole, subjects_of
from checks.declaration import declare
from checks.model import Finding, Severity, Topic
from checks.policy.file import Policy
from gitops.applications.application import GROUP
from gitops.applications.definitions import Against, Fault, Route, against
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.owners import owners_of
from gitops.facts.secrets.pods import at, mapping
from gitops.files.fields import nearest_field
from gitops.files.spans import Span

RULE = declare("application-invalid", Severity.ERROR, Severity.WARNING)

_WORDS = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a map",
    "array": "a list",
    "int-or-string": "a whole number or a text",
    "null": "empty",
}
_MOST = 20  # of one manifest: whoever has more has another problem
_DEFINITIONS = {"Application": "applications", "ApplicationSet": "applicationsets", "AppProject": "appprojects"}


@dataclass(frozen=True, slots=True)
class _Written:
    """One manifest. `whole` tells that it is what reaches the cluster, and no part of it. `patches` is, for what a
    `templatePatch` makes, the template that it is laid over; `name` is that of the ApplicationSet then. `wrong` is
    what is wrong with it, where that is known."""

    kind: str
    name: str
    manifest: Mapping[str, Any]
    document: Span
    whole: bool
    patches: Mapping[str, Any] | None = None
    wrong: tuple[Against, ...] | None = None

    def against(self) -> Iterable[Against]:
        return against(self.manifest, self.kind) if self.wrong is None else self.wrong


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each field."""
    head = change.head
    told: set[tuple[str, ...]] = set()
    for written in _manifests(head):
        found = [each for each in written.against() if _counts(each, written)]
        for each in found[:_MOST]:
            if each.fault is Fault.UNKNOWN and _is_defined(head, written.kind, str(each.route[-1])):
                continue
            finding = _finding(head, written, each)
            if finding.identity not in told:
                told.add(finding.identity)
                yield finding


def _counts(each: Against, written: _Written) -> bool:
    """Whether something that is wrong is wrong at this place."""
    if written.patches is not None:
        # What the template says by itself is told of the ApplicationSet, and wrong types halt it.
        return each.fault is Fault.UNKNOWN and at(written.patches, each.route) is None
    return each.fault is not Fault.MISSING or (written.whole and not _is_a_patch(written))


def _manifests(snapshot: Snapshot) -> Iterator[_Written]:
    for state in snapshot.states:
        application = state.application
        if not application.generated:
            whole = is_whole(snapshot, application.root, application.parents)
            origin, manifest = application.origin.span, application.manifest
            yield _Written("Application", application.label, manifest, origin, whole, wrong=state.once(_wrong, None))
    for each in snapshot.sets:
        whole = is_whole(snapshot, each.root, each.parents)
        yield _Written("ApplicationSet", each.name, each.manifest, each.origin.span, whole)
    for subject in snapshot.once(subjects_of):
        spec = mapping(subject.made_by.manifest.get("spec")) if subject.made_by is not None else {}
        if subject.made_by is not None and spec.get("templatePatch"):
            template = mapping(spec.get("template"))
            for state in subject.states:
                manifest, name = state.application.manifest, subject.made_by.name
                yield _Written("Application", name, manifest, subject.document, True, template)
    for rid, copy in projects_in(snapshot):
        yield _Written("AppProject", rid.name, copy.resource.manifest(), copy.origin.span, True)


def _wrong(state: State, _: None) -> tuple[Against, ...]:
    return tuple(against(state.application.manifest, "Application"))


def _is_a_patch(written: _Written) -> bool:
    """Whether a manifest has not even what makes it one of its kind, and is most likely laid over another one."""
    spec = written.manifest.get("spec")
    parts = spec if isinstance(spec, Mapping) else {}
    if written.kind == "ApplicationSet":
        return not parts.get("generators") or not parts.get("template")
    return written.kind == "Application" and not any(
        parts.get(key) for key in ("source", "sources", "sourceHydrator")
    )


def _is_defined(snapshot: Snapshot, kind: str, field: str) -> bool:
    """Whether a definition of the kind that this repository deploys has a field of this name anywhere."""
    name = f"{_DEFINITIONS[kind]}.{GROUP}"
    text = re.compile(rb"^ +" + re.escape(field).encode() + rb":", re.MULTILINE)
    return any(
        text.search(copy.resource.text)
        for owned, copies in snapshot.once(owners_of).items()
        if owned.id.kind == "CustomResourceDefinition" and owned.id.name == name
        for copy in copies
    )


def _finding(snapshot: Snapshot, written: _Written, each: Against) -> Finding:
    field, who = spelt(each.route), f"{written.kind} `{written.name}`"
    route = each.route if written.patches is None else ("spec", "templatePatch")
    span = nearest_field(snapshot.tree, written.document, route)
    severity, advice = Severity.ERROR, ""
    article = "an" if written.kind.startswith("A") else "a"
    if each.fault is Fault.UNKNOWN:
        message = f"{article} {written.kind} has no field `{field}`"
        if each.near:
            advice = f"Write `{spelt(each.near)}`."
        else:
            severity = Severity.WARNING
            advice = "Take it out, or move it to where it belongs. A newer Argo CD than is known here may have it."
    elif each.fault is Fault.TYPE:
        message = f"`{field}` takes {_WORDS[each.wanted]}, and is {_WORDS.get(each.found, each.found)}"
        if each.wanted == "string" and each.found in ("boolean", "integer", "number"):
            advice = "Quote the value."
        elif written.kind == "ApplicationSet" and each.found == "string" and "template" in each.route:
            advice = "A field that is no text takes no template; set it with `spec.templatePatch`."
    elif each.fault is Fault.VALUE:
        message = f"`{field}` takes one of {each.wanted}"
    else:
        message = f"`{field}` is missing"
    effect = (
        f"The API server refuses {who}: whatever syncs or applies it fails, and the {written.kind} stays as it was."
    )
    if each.fault is Fault.UNKNOWN:
        effect = (
            f"The API server drops it, so it does nothing, and what brings {who} stays OutOfSync. "
            "`kubectl apply` and server-side apply refuse it."
        )
    if written.patches is not None:
        who = f"the `templatePatch` of ApplicationSet `{written.name}`"
        effect = "The ApplicationSet controller drops it without a message, so it does nothing."
    title = f"{who[:1].upper()}{who[1:]}: {message}"
    return RULE.finding(
        span,
        title,
        topic=Topic(f"{RULE}|{span}|{message}", title, effect, advice),
        about=(
            span.path,
            written.kind,
            written.name,
            each.fault.name,
            _without_places(each.route),
        ),
        severity=severity,
        applications=[written.name],
    )


def spelt(route: Route) -> str:
    """A route as people write it: `spec.sources[1].helm`."""
    text = ""
    for step in route:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _without_places(route: Route) -> str:
    return ".".join("*" if isinstance(step, int) else step for step in route)
