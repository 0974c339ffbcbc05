"""From findings that would take a field out to edits that were tried: rendered again, the field is gone and nothing
else of any Application is different."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from checks.model import Drop, Finding
from checks.planning.edits import after_edits
from checks.planning.proof import Proof, Row
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.spans import Applicability, Edit, Fix
from gitops.resources.compare import differences
from gitops.resources.rendering import Asking, Rendered
from gitops.resources.resource import Resource

_MOST = 20  # fields that are tried in one evaluation: each is rendered again


def plan_drops(snapshot: Snapshot, analysis: Analysis, findings: Sequence[Finding]) -> Asking[tuple[Finding, ...]]:
    """The findings, those with a field that may go with a fix where that is proven. Two places are tried apart, and
    so hold apart; one that stands in several Applications is tried once."""
    wanted = dict.fromkeys(f.drop for f in findings if f.drop is not None and f.suppressed is None)
    proven: dict[Drop, Fix] = {}
    for drop in list(wanted)[:_MOST]:
        edit = Edit(drop.span, "")
        try:
            after = yield from after_edits(snapshot, analysis, [edit])
        except GitopsError:
            continue
        if proof_of(snapshot, after.snapshot, drop).holds:
            proven[drop] = Fix(drop.title, (edit,), Applicability.UNSAFE)
    return tuple(
        replace(finding, fix=proven[finding.drop]) if finding.drop is not None and finding.drop in proven else finding
        for finding in findings
    )


def proof_of(before: Snapshot, after: Snapshot, drop: Drop) -> Proof:
    """That the field goes, and only it."""
    gone: list[str] = []
    wrong: list[str] = []
    if before.by_key.keys() != after.by_key.keys():
        wrong.append("there would be other Applications")
    for key in after.since(before):
        changed = list(_changes(before.by_key[key], after.by_key[key]))
        gone += [name for name, field in changed if field == drop.field]
        wrong += [f"`{field}` of {name} would change" for name, field in changed if field != drop.field]
    rows = [Row(f"Only `{drop.field}` goes", listed(wrong, 3), holds=False)] if wrong else []
    if gone:
        detail = f"{plural('rendered resource', len(gone))} without it: {listed(gone, 3)}"
        rows.append(Row(f"`{drop.field}` goes", detail, holds=True))
    return Proof(tuple(rows))


def _changes(before: State, after: State) -> Iterator[tuple[str, str]]:
    """(resource, field) of everything that is rendered otherwise; a field of '' is all of it."""
    one, other = _rendered(before), _rendered(after)
    if one is None or other is None or len(one) != len(other):
        if before.rendering != after.rendering:
            yield before.application.label, ""
        return
    for left, right in zip(one, other, strict=True):
        if left.id != right.id:
            yield str(left.id), ""
        elif left.text != right.text:
            yield from ((str(left.id), path) for path, _, _ in differences("", left.manifest(), right.manifest()))


def _rendered(state: State) -> tuple[Resource, ...] | None:
    rendering = state.rendering
    return rendering.resources if isinstance(rendering, Rendered) else None
