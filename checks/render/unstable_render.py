"""A chart renders something else each time.

What it finds: a field that two renderings of the same commit do not agree on, because its template calls a random
function (`randAlphaNum`, `genCA`, `uuidv4`), the clock (`now`) or something else that chance decides. The function is
told with its line, also where a helper calls it.

Why it matters: whenever Argo CD renders again (a commit, a hard refresh, an emptied cache), it finds a difference to
the cluster. Where it syncs by itself, it overwrites what is there with another value: passwords and certificates
change below those who use them. A template that asks the cluster for the old value (`lookup`) finds nothing in Argo
CD.

Example: `password: {{ randAlphaNum 16 | b64enc }}` in a Secret of a chart.

How the fix is safe: none is offered. Give the chart the value, or take it from a Secret that exists.

How sure it is: silent where `ignoreDifferences` (of the Application, or of an argocd-cm or ArgoCD that an
Application brings) covers the field and `RespectIgnoreDifferences=true` keeps the value that the cluster has;
without that option it is a notice, since each sync writes another value. Also a notice: a Secret or ConfigMap that
is a hook, which is not compared and made anew by each sync; other hooks are left alone. Where only
`managedFieldsManagers` or a jq expression that argofix does not read may cover the field, the finding says so.

Sources: argo-cd, docs/user-guide/diffing.md and docs/user-guide/sync-options.md,
controller/state.go and controller/sync.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.applications.ignored import Covered
from gitops.applications.options import RESPECTS_IGNORED
from gitops.discovery.snapshot import Change, Owned, Snapshot, State
from gitops.facts.ignored import coverage
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.rendering import Call, Rendered, Unstable
from gitops.resources.resource import ResourceId

RULE = declare("unstable-render", Severity.WARNING, Severity.NOTICE)
_SKIPPED = ("argocd.argoproj.io/hook", "Skip")


class Seen(Enum):
    """What becomes of it; the values tell findings of one resource apart."""

    COMPARED = ""
    PERHAPS = "perhaps ignored"
    IGNORED = "ignored"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class _Place:
    resource: ResourceId | None
    path: str
    line: int
    seen: Seen


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each resource of each place, with every Application that renders it so."""
    found: dict[_Place, list[tuple[Unstable, State]]] = {}
    for state in change.head.states:
        rendering = state.rendering
        if not isinstance(rendering, Rendered) or not rendering.unstable:
            continue
        copies = {copy.resource.id: copy for copy in change.head.copies(state)}
        for one in rendering.unstable:
            seen = _seen(change.head, one, copies.get(one.resource) if one.resource else None)
            if seen is not None:
                found.setdefault(_Place(one.resource, one.path, one.line, seen), []).append((one, state))
    for place, noted in found.items():
        yield _finding(change.head.tree, place, noted)


def _seen(snapshot: Snapshot, one: Unstable, copy: Owned | None) -> Seen | None:
    """None where nobody is harmed."""
    if copy is None:
        return Seen.COMPARED
    if copy.resource.hook:
        holds = copy.resource.id.kind in ("Secret", "ConfigMap") and not one.field.startswith("/metadata")
        return Seen.HOOK if holds and not _is_skipped(copy) else None
    covered = coverage(snapshot, copy, one.field) if one.field else Covered.NO
    if covered is Covered.YES:
        return None if RESPECTS_IGNORED in copy.application.sync_policy.options else Seen.IGNORED
    return Seen.PERHAPS if covered is Covered.MAYBE else Seen.COMPARED


def _is_skipped(copy: Owned) -> bool:
    metadata = copy.resource.manifest().get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and annotations.get(_SKIPPED[0]) == _SKIPPED[1]


def _finding(tree: Tree, place: _Place, noted: list[tuple[Unstable, State]]) -> Finding:
    names = tuple(dict.fromkeys(state.application.label for _, state in noted))
    fields = listed([f"`{_shown(each)}`" for each in dict.fromkeys(one.field for one, _ in noted) if each], 3)
    what = str(place.resource) if place.resource is not None else "what is rendered"
    calls = tuple(dict.fromkeys(call for one, _ in noted for call in one.calls))
    called = listed([_called(call) for call in calls], 3) or place.path
    by = f" ({called})" if called else ""
    message = f"{f'{fields} of {what}' if fields else what} is something else at each rendering{by}"
    line = max(place.line, 1)
    span = Span(place.path, line, line) if place.path in tree else noted[0][1].application.origin.entry
    title, effect, advice = _words(place.seen, names, what)
    return RULE.finding(
        span,
        message,
        title,
        text=f"At {span}: {message}. {effect}.",
        advice=advice,
        severity=Severity.WARNING if place.seen in (Seen.COMPARED, Seen.PERHAPS) else Severity.NOTICE,
        about=[path for path in (place.path, str(place.resource), place.seen.value, *names) if path],
        resource=place.resource,
        applications=names,
        related=[
            Related(Span(call.path, call.line, call.line), f"calls `{call.function}`")
            for call in calls
            if call.line and call.path in tree and call.path != place.path
        ],
    )


def _words(seen: Seen, names: tuple[str, ...], what: str) -> tuple[str, str, str]:
    """Title, effect and advice."""
    who, one = listed([f"`{name}`" for name in names]), len(names) == 1
    given = "Give the chart a value for it, or have it use a Secret that exists: `lookup` finds nothing in Argo CD."
    if seen is Seen.IGNORED:
        effect = (
            f"`ignoreDifferences` leaves it out of the comparison, but each sync that applies {what} writes another "
            f"value, since `{RESPECTS_IGNORED}` is not among the `syncOptions`"
        )
        advice = f"Add `{RESPECTS_IGNORED}` to `spec.syncPolicy.syncOptions`, and syncs keep the value that is there."
        return f"{who} {'writes' if one else 'write'} another value at each sync", effect, advice
    if seen is Seen.HOOK:
        effect = "It is a hook, which Argo CD does not compare, but each sync that runs it writes another value"
        return f"{who} {'writes' if one else 'write'} another value at each sync", effect, given
    effect = (
        "Whenever Argo CD renders again (a commit, a hard refresh, an emptied cache), it finds a difference to the "
        "cluster; where it syncs by itself, it overwrites the last value"
    )
    if seen is Seen.PERHAPS:
        effect += (
            ". Whether `ignoreDifferences` covers the field depends on who wrote it last, or on a jq expression that "
            "argofix does not read"
        )
        return f"{who} may not stay in sync", effect, given
    return f"{who} {'does' if one else 'do'} not stay in sync", effect, given


def _called(call: Call) -> str:
    return f"`{call.function}` at {call.path}:{call.line}" if call.line else f"`{call.function}` in {call.path}"


def _shown(field: str) -> str:
    """A JSON pointer as people write it."""
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in field.split("/")[1:])
