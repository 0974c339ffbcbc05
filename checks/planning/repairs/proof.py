"""Proving a repair: of all that is rendered only what was wanted is different, what was found is gone, and nothing
else is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from checks.coverage import Coverage
from checks.model import Finding, Wanted
from checks.planning.bystanders import same
from checks.planning.edits import after_edits
from checks.planning.proof import Proof, Row, reason_of
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.editing import CannotEdit, applied
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.resources.compare import differences
from gitops.resources.rendering import Asking, Rendered
from gitops.resources.resource import Resource

_NAMED: Final = 3
_NOTHING: Final = "Nothing else is found"
# By which charts and kustomizations replace pods when their configuration changes.
_CHECKSUM: Final = re.compile(r"spec\.template\.metadata\.annotations\.checksum/")

Judge = Callable[[Snapshot], Mapping[tuple[str, ...], Finding]]
"""What the rules find in a commit, by the identity of the finding."""


def prove(
    before: Snapshot,
    analysis: Analysis,
    edits: Sequence[Edit],
    wanted: Sequence[Wanted],
    group: Sequence[Finding],
    judge: Judge,
    known: frozenset[tuple[str, ...]],
) -> Asking[Proof | None]:
    """What becomes of the commit; None for edits that do not fit. `known` is what is found before."""
    try:
        after = (yield from after_edits(before, analysis, edits)).snapshot
    except GitopsError:
        return None
    rows = [_rendered(before, after, wanted)]
    if rows[0].holds:  # judging is the dearer half
        rows += _judged(judge(after), group, known)
    return Proof(tuple(rows), coverage=Coverage.of(before, after))


def _rendered(before: Snapshot, after: Snapshot, wanted: Sequence[Wanted]) -> Row:
    if before.by_key.keys() != after.by_key.keys():
        return Row("No Application comes or goes", "there would be other Applications", False)
    wrong: list[str] = []
    seen: dict[str, None] = {}
    changed = 0
    for key in after.since(before):
        old, new = before.by_key[key], after.by_key[key]
        mine = [one for one in wanted if one.owner in (key, None)]
        changed += not same(old, new)
        for name, difference in _compared(old, new, mine):
            if difference:
                wrong.append(f"{difference} in `{old.application.label}`")
            else:
                seen[f"{name} in `{old.application.label}`"] = None
    others = len(before.by_key) - changed
    rest = f"; {plural('other Application', others)} compared, nothing of them changes" if others else ""
    if wrong:
        return Row("Only what is wanted changes", f"{listed(wrong, _NAMED)} would change", False)
    if seen:
        return Row("Only what is wanted changes", f"{listed(list(seen), _NAMED)}{rest}", True)
    if any(one.owner is not None for one in wanted):
        return Row("Only what is wanted changes", "nothing would change", False)
    return Row("What is rendered stays as it is", f"{plural('Application', len(before.by_key))} compared", True)


def _compared(before: State, after: State, wanted: Sequence[Wanted]) -> Iterator[tuple[str, str]]:
    """(resource, what of it is rendered otherwise and was not wanted) of every resource that changes."""
    one, other = before.rendering, after.rendering
    if not isinstance(one, Rendered) or not isinstance(other, Rendered):
        if one != other:
            yield "", reason_of(other) or reason_of(one) or "what is rendered"
        return
    if [each.id for each in one.resources] != [each.id for each in other.resources]:
        yield "", "which resources there are"
        return
    for left, right in zip(one.resources, other.resources, strict=True):
        if left.text != right.text:
            yield str(left.id), _unwanted(left, right, [each for each in wanted if each.is_about(left.id)])


def _unwanted(left: Resource, right: Resource, wanted: Sequence[Wanted]) -> str:
    try:
        promised = applied(left.manifest(), [op for each in wanted for op in each.operations])
    except CannotEdit as error:
        return str(error)
    fields = [path for path, _, _ in differences("", promised, right.manifest()) if not _CHECKSUM.match(path)]
    return f"`{fields[0]}` of {left.id}" if fields else ""


def _judged(
    found: Mapping[tuple[str, ...], Finding], group: Sequence[Finding], known: frozenset[tuple[str, ...]]
) -> Iterator[Row]:
    left = [finding for finding in group if finding.identity in found]
    fresh = [finding for identity, finding in found.items() if identity not in known]
    gone = f"{plural('finding', len(group))} of `{group[0].rule}`"
    yield Row("What was found is gone", f"{left[0].message} stays" if left else gone, not left)
    if fresh:
        yield Row(_NOTHING, f"{fresh[0].span}: {fresh[0].message}", False)
    else:
        left_over = f"{plural('finding', len(found))} left, known before" if found else "no finding is left"
        yield Row(_NOTHING, f"of Argo CD and what renders: {left_over}", True)
