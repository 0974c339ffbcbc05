"""One evaluation: snapshots of head and base, every rule on both, the fixes proven, the findings told apart."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.rendering.driver import Engine, Progress, TooMuchToRead
from checks import secret_keys
from checks.model import CheckReport, Finding, Severity, Topic
from checks.ownership.conflicts import Partitions
from checks.planning.ownership.plan import FixPlan, plan_fixes
from checks.policy.file import PATH, Ignore, Policy, matches
from checks.registry import Rule, rules
from checks.sync_order.view import EMPTY, View, handovers_of, view_of
from checks.wording import plural
from gitops.applications.application import IN_CLUSTER
from gitops.applications.live import Live
from gitops.applications.repositories import RepositoryMatcher
from gitops.discovery.snapshot import Change, Snapshot, State, Unknown
from gitops.discovery.sources import Analysis
from gitops.files.containment import CONTENT, told
from gitops.files.effort import Effort, Exhausted
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed, Rendering

log = logging.getLogger(__name__)


class LiveSource(Protocol):
    """Tells what clusters hold of what these commits are about; None when there is nobody to ask. Never raises for a
    cluster's sake: what could not be seen stands in `Live.all_problems`."""

    async def look(self, snapshots: Sequence[Snapshot], policy: Policy) -> Live | None: ...


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known about a commit (and its base).

    `findings` are sorted by place; `plans` are proven fixes; `live` is what the clusters held; `order` is that of all
    its Applications, with the hand-overs of the plans; `unfinished` tells what argofix had no time or room for.
    """

    snapshot: Snapshot
    base: Snapshot | None
    findings: tuple[Finding, ...]
    reports: tuple[CheckReport, ...]
    plans: tuple[FixPlan, ...]
    live: Live | None = None
    order: View = EMPTY
    unfinished: tuple[str, ...] = ()

    @property
    def gaps(self) -> tuple[str, ...]:
        """What could not be seen in clusters and not be analysed in git, one sentence each, without a full stop."""
        unseen = self.live.unseen if self.live is not None else ()
        return (*unseen, *gaps_of(self.snapshot))

    @property
    def lost(self) -> tuple[str, ...]:
        """What the base could be judged by and the head cannot, one sentence each, without a full stop. A change that
        takes something out, or brings something that was never analysed, loses nothing."""
        return () if self.base is None else lost(self.base, self.snapshot)

    def report(self, check_name: str) -> CheckReport:
        """The report of one check run. Raises `KeyError` for a name that no rule belongs to."""
        for report in self.reports:
            if report.name == check_name:
                return report
        raise KeyError(check_name)

    def plan_for(self, finding: Finding) -> FixPlan | None:
        """The proven fix that settles a finding, None when there is none."""
        return next((plan for plan in self.plans if any(f.identity == finding.identity for f in plan.findings)), None)


async def evaluate(
    engine: Engine,
    tree: Tree,
    base: Tree | None,
    matcher: RepositoryMatcher,
    policy: Policy,
    *,
    only: frozenset[str] = frozenset(),
    progress: Progress | None = None,
    live: Live | None = None,
    clusters: LiveSource | None = None,
) -> Evaluation:
    """Evaluate `tree` against `base` by the rules in `only` (all when empty). `live` is what clusters hold; without
    it `clusters` are asked."""
    effort = engine.grant()
    charged = None if base is None else base.charged_to(effort)
    try:
        return await _evaluate(
            engine, tree.charged_to(effort), charged, matcher, policy, effort, only, progress, live, clusters
        )
    except asyncio.CancelledError:
        effort.abandoned = True  # what still goes on in threads ends
        raise
    except Exhausted as error:
        raise TooMuchToRead(str(error)) from None


async def change_between(
    engine: Engine, tree: Tree, base: Tree, matcher: RepositoryMatcher, policy: Policy
) -> Change:
    """What lies between two commits, without a judgement. Raises `TooMuchToRead`."""
    effort = engine.grant()
    try:
        _, before, after = await _snapshots(
            engine, tree.charged_to(effort), base.charged_to(effort), matcher, policy, None
        )
    except asyncio.CancelledError:
        effort.abandoned = True
        raise
    except Exhausted as error:
        raise TooMuchToRead(str(error)) from None
    return Change(before, after)


async def _snapshots(
    engine: Engine,
    tree: Tree,
    base: Tree | None,
    matcher: RepositoryMatcher,
    policy: Policy,
    progress: Progress | None,
) -> tuple[Analysis, Snapshot | None, Snapshot]:
    known = tuple(each.known for each in policy.clusters)
    analysis = engine.analysis(matcher.also(policy.aliases), policy.build_options, known, policy.exclude)
    before = await engine.snapshot(base, analysis, progress) if base is not None else None
    return analysis, before, await engine.snapshot(tree, analysis, progress, before)


async def _evaluate(
    engine: Engine,
    tree: Tree,
    base: Tree | None,
    matcher: RepositoryMatcher,
    policy: Policy,
    effort: Effort,
    only: frozenset[str],
    progress: Progress | None,
    live: Live | None,
    clusters: LiveSource | None,
) -> Evaluation:
    analysis, before, after = await _snapshots(engine, tree, base, matcher, policy, progress)
    if live is None and clusters is not None:
        live = await clusters.look([after] if before is None else [after, before], policy)
    if live is not None:
        live = replace(live, problems=(*live.problems, *_nothing_to_do_with(live, after, policy)))
    chosen = [rule for rule in rules() if not only or rule.id in only]
    # Rules are work for a thread, like the model's own (`Engine.drive`), so that the server answers meanwhile.
    findings = await asyncio.to_thread(_findings, chosen, Change(before, after, live), policy)
    planned = await engine.drive(plan_fixes(after, analysis, findings, policy, live), progress, effort)
    ordered = await asyncio.to_thread(_sorted, planned.findings)
    order = await asyncio.to_thread(view_of, after, policy, live, before, handovers_of(planned.plans))
    reports = await asyncio.to_thread(_reports, chosen, ordered, after, live, policy)
    return Evaluation(after, before, ordered, reports, planned.plans, live, order, _unfinished(effort))


def _unfinished(effort: Effort) -> tuple[str, ...]:
    counts = Counter(effort.left_out)
    return tuple(f"{plural('rendering', count)} left out: {reason}" for reason, count in counts.items())


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.span, f.rule, f.message)))


def _nothing_to_do_with(live: Live, snapshot: Snapshot, policy: Policy) -> tuple[str, ...]:
    """That the cluster that was asked is another one than these Applications'. Most likely a wrong kubeconfig."""
    own = live.clusters.get(IN_CLUSTER)
    if own is None or (own.problems and not own.applications):
        return ()  # what there is to say has been said
    concerned = any(state.application.destination.cluster == IN_CLUSTER for state in snapshot.states)
    if not concerned or not Partitions(snapshot, policy, live).all_elsewhere:
        return ()
    return (
        f"none of these Applications are in the Argo CD of the cluster that was asked, so `{IN_CLUSTER}` is another",
    )


def _findings(chosen: Sequence[Rule], change: Change, policy: Policy) -> list[Finding]:
    """What the rules find at the head, told from what they find at the base."""
    known: set[tuple[str, ...]] | None = None
    if change.base is not None:
        before = Change(None, change.base, change.live)
        known = {i for rule in chosen for f in _judged(rule, before, policy) for i in (f.identity, *f.stands_for)}
    return [
        replace(
            finding,
            introduced=None if known is None else finding.identity not in known,
            suppressed=_suppression(finding, policy),
        )
        for rule in chosen
        for finding in _judged(rule, change, policy)
    ]


def _judged(rule: Rule, change: Change, policy: Policy) -> list[Finding]:
    """What a rule finds. One that fails on this commit is a finding itself: an error where it did not before."""
    try:
        return list(rule.check(change, policy))
    except CONTENT as error:
        log.exception("a rule failed", extra={"rule": rule.id})
        states = change.head.states
        span = states[0].application.origin.span if states else Span(PATH, 1, 1)
        message = f"rule `{rule.id}` could not judge this commit: {told(error)}"
        topic = Topic(f"{rule.id}|failed", f"`{rule.id}` could not judge this commit", f"{message}.")
        return [Finding(rule.id, Severity.ERROR, span, message, topic, (rule.id, "failed"))]


def _suppression(finding: Finding, policy: Policy) -> str | None:
    return next((ignore.reason for ignore in policy.ignore if suppresses(ignore, finding)), None)


def suppresses(ignore: Ignore, finding: Finding) -> bool:
    """Whether an entry of `ignore` is about a finding."""
    if ignore.rule in (finding.rule, "*") and finding.resource is not None:
        return matches(ignore.resource, finding.resource)
    names = (*finding.applications, *(name.rpartition("/")[2] for name in finding.applications))
    return ignore.rule == finding.rule and ignore.resource in ("*", *names)


def _reports(
    chosen: Sequence[Rule], findings: Sequence[Finding], snapshot: Snapshot, live: Live | None, policy: Policy
) -> tuple[CheckReport, ...]:
    names = sorted({rule.check_name for rule in chosen})
    gaps = gaps_of(snapshot)
    failures = (
        *(
            f"`{state.application.label}` does not render"
            for state in snapshot.states
            if isinstance(state.rendering, RenderFailed)
        ),
        *dict.fromkeys(f"Argo CD refuses the ApplicationSet `{u.name}`" for u in snapshot.unknown if u.refused),
    )
    counts = _counts(snapshot)
    reports: list[CheckReport] = []
    # `*`, and rules that there are not: told once, with the first report.
    anywhere = {ignore.rule for ignore in policy.ignore} - {rule.id for rule in rules()}
    for name in names:
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
        reports.append(CheckReport(name, tuple(f for f in findings if f.rule in own), left_out, counts, unused))
    return tuple(reports)


def lost(base: Snapshot, head: Snapshot) -> tuple[str, ...]:
    """See `Evaluation.lost`."""
    found = [
        f"{_label(state)} could be analysed before: {gap}"
        for key, state in head.by_key.items()
        if (before := base.by_key.get(key)) is not None and isinstance(before.rendering, Rendered)
        for gap in _gaps_of(state.rendering)
        if gap not in before.rendering.gaps
    ]
    gone = any(key not in head.by_key for key in base.by_key)
    if gone:
        # What cannot be read or expanded any more may have held them.
        known = {(unknown.name, unknown.span.path, unknown.reason) for unknown in base.unknown}
        new = [each for each in head.unknown if (each.name, each.span.path, each.reason) not in known]
        found += [f"Applications came from it before: {_gap(unknown)}" for unknown in new]
    if head.truncated and not base.truncated:
        found.append("there are more Applications now than argofix looks at")
    return tuple(dict.fromkeys(found))


def _gaps_of(rendering: Rendering) -> tuple[str, ...]:
    if isinstance(rendering, NotAnalysed):
        return (rendering.reason,)
    return rendering.gaps if isinstance(rendering, Rendered) else ()


def gaps_of(snapshot: Snapshot) -> tuple[str, ...]:
    """What was not analysed, one sentence each, without a full stop."""
    return tuple(f"{subject}: {reason}" if subject else reason for subject, reason in gaps_by_subject(snapshot))


def gaps_by_subject(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """What was not analysed: (whom it concerns, why), both without a full stop; the first may be empty."""
    gaps: list[tuple[str, str]] = []
    for state in snapshot.states:
        rendering = state.rendering
        if isinstance(rendering, NotAnalysed):
            gaps.append((_label(state), rendering.reason))
        elif isinstance(rendering, Rendered):
            gaps.extend((f"{_label(state)}, in part", gap) for gap in rendering.gaps)
    # What Argo CD refuses is a finding, not a gap.
    gaps.extend(_unknown(unknown) for unknown in snapshot.unknown if not unknown.refused)
    if snapshot.truncated:
        gaps.append(("", "there are more Applications than argofix looks at; the rest is left out"))
    return tuple(dict.fromkeys(gaps))


def _gap(unknown: Unknown) -> str:
    subject, reason = _unknown(unknown)
    return f"{subject}: {reason}" if subject else reason


def _unknown(unknown: Unknown) -> tuple[str, str]:
    if unknown.is_set:
        return f"ApplicationSet `{unknown.name}` ({unknown.span})", unknown.reason
    return ("" if unknown.span.path in unknown.reason else str(unknown.span)), unknown.reason


def _label(state: State) -> str:
    return f"`{state.application.label}`" if state.application.name else str(state.application.origin.span)


def _counts(snapshot: Snapshot) -> dict[str, int]:
    counts = {"applications": len(snapshot.states), "rendered": 0, "failed": 0, "not-analysed": 0, "resources": 0}
    for state in snapshot.states:
        rendering = state.rendering
        if isinstance(rendering, Rendered):
            counts["resources"] += len(rendering.resources)
        counts[status_of(rendering)] += 1
    return counts


def status_of(rendering: Rendered | RenderFailed | NotAnalysed) -> str:
    """The word by which `--format json` counts a rendering."""
    if isinstance(rendering, RenderFailed):
        return "failed"
    return "rendered" if isinstance(rendering, Rendered) and not rendering.gaps else "not-analysed"
