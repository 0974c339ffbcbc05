"""One report for each check run: its findings, what may hide more of them, and entries of `ignore` without effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks import secret_keys
from checks.judgement.findings import suppresses
from checks.judgement.gaps import gaps_of, status_of
from checks.model import CheckReport, Finding
from checks.policy.file import Policy
from checks.registry import Rule, rules
from gitops.applications.live import Live
from gitops.discovery.snapshot import Snapshot
from gitops.resources.rendering import Rendered, RenderFailed


def reports_of(
    chosen: Sequence[Rule], findings: Sequence[Finding], snapshot: Snapshot, live: Live | None, policy: Policy
) -> tuple[CheckReport, ...]:
    """The reports of the rules `chosen`, by the names of their check runs."""
    gaps, failures, counts = gaps_of(snapshot), tuple(_failures(snapshot)), _counts(snapshot)
    reports: list[CheckReport] = []
    # `*`, and rules that there are not: told once, with the first report.
    anywhere = {ignore.rule for ignore in policy.ignore} - {rule.id for rule in rules()}
    for name in sorted({rule.check_name for rule in chosen}):
        own = {rule.id for rule in chosen if rule.check_name == name}
        # Whoever renders nothing may own anything; for the render check itself that is the finding.
        left_out = gaps if "render-failed" in own else (*failures, *gaps)
        if live is not None and name == secret_keys.CHECK:
            left_out = (*left_out, *live.all_problems)
        mine = own | (anywhere if not reports and len(chosen) == len(rules()) else set())
        unused = tuple(
            ignore
            for ignore in policy.ignore
            if ignore.rule in mine and not any(suppresses(ignore, finding) for finding in findings)
        )
        found = tuple(finding for finding in findings if finding.rule in own)
        quiet = all(rule.quiet for rule in chosen if rule.check_name == name)
        reports.append(CheckReport(name, found, left_out, counts, unused, quiet))
    return tuple(reports)


def _failures(snapshot: Snapshot) -> Iterator[str]:
    for state in snapshot.states:
        if isinstance(state.rendering, RenderFailed):
            yield f"`{state.application.label}` does not render"
    yield from dict.fromkeys(f"Argo CD refuses the ApplicationSet `{u.name}`" for u in snapshot.unknown if u.refused)


def _counts(snapshot: Snapshot) -> dict[str, int]:
    counts = {"applications": len(snapshot.states), "rendered": 0, "failed": 0, "not-analysed": 0, "resources": 0}
    for state in snapshot.states:
        rendering = state.rendering
        if isinstance(rendering, Rendered):
            counts["resources"] += len(rendering.resources)
        counts[status_of(rendering)] += 1
    return counts
