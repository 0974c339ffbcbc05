"""One evaluation: what is judged is brought together, from git, the engine and clusters. The judging is
`checks.judgement`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from bot.rendering.driver import Engine, Progress, spending
from bot.rendering.outside import Outside, OutsideBroke
from checks import render
from checks.judgement.clusters import concerning
from checks.judgement.evaluation import Evaluation, evaluation_of
from checks.judgement.findings import findings_of, judged_against
from checks.judgement.values import at_values
from checks.model import Finding
from checks.planning.fields.plan import plan_drops
from checks.planning.ownership.plan import plan_fixes
from checks.planning.repairs.plan import plan_repairs
from checks.policy.file import Policy
from checks.registry import Rule, rules
from gitops.applications.live import Live
from gitops.applications.made import Made
from gitops.applications.repositories import RepositoryMatcher
from gitops.discovery.from_live import namespaces_left_open, with_unjudged
from gitops.discovery.snapshot import Change, Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.changes.live import LiveDifferences, Question
from gitops.files.effort import Effort
from gitops.files.tree import Tree

log = logging.getLogger(__name__)


def analysis_by(engine: Engine, matcher: RepositoryMatcher, policy: Policy) -> Analysis:
    """How a repository is looked at under its configuration; whoever asks alike shares what is remembered."""
    clusters = tuple(each.known for each in policy.clusters)
    return engine.analysis(
        matcher.also(policy.aliases),
        policy.build_options,
        clusters,
        policy.exclude,
        policy.kubernetes,
        policy.plugins,
    )


class LiveSource(Protocol):
    """Tells what clusters hold of what these commits are about; None when there is nobody to ask. Never raises for a
    cluster's sake: what could not be seen stands in `Live.all_problems`."""

    async def look(self, snapshots: Sequence[Snapshot], policy: Policy) -> Live | None: ...

    async def made(self, namespaces: Sequence[str]) -> Made | None:
        """What the live Argo CD made of ApplicationSets in these namespaces; None when that cannot be seen."""
        ...

    async def differing(self, questions: Sequence[Question]) -> LiveDifferences | None:
        """In which of these fields live objects differ already; None when there is nobody to ask."""
        ...


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
    outside: Outside | None = None,
    made: Made | None = None,
) -> Evaluation:
    """Judge `tree` against `base` by the rules in `only` (all when empty). `live` is what clusters hold; without
    it `clusters` are asked, and so they are for what they made of ApplicationSets, without `made`. `outside` answers
    for what is not in the repository."""
    effort = engine.grant()
    charged = None if base is None else base.charged_to(effort)
    whole = partial(
        _evaluate,
        engine,
        tree.charged_to(effort),
        charged,
        matcher,
        policy,
        effort,
        only,
        progress,
        live,
        clusters,
        outside or engine.outside,
        made,
    )
    with spending(effort):
        try:
            return await whole()
        except OutsideBroke:
            return await whole()  # without what broke


async def change_between(
    engine: Engine,
    tree: Tree,
    base: Tree,
    matcher: RepositoryMatcher,
    policy: Policy,
    outside: Outside | None = None,
    clusters: LiveSource | None = None,
    made: Made | None = None,
) -> Change:
    """What lies between two commits, without a judgement. Raises `TooMuchToRead`."""
    return (await asked_between(engine, tree, base, matcher, policy, outside, clusters, made))[1]


async def asked_between(
    engine: Engine,
    tree: Tree,
    base: Tree,
    matcher: RepositoryMatcher,
    policy: Policy,
    outside: Outside | None = None,
    clusters: LiveSource | None = None,
    made: Made | None = None,
) -> tuple[Analysis, Change]:
    """The same, with what was asked: whoever tries edits of the commits asks that again."""
    effort = engine.grant()
    with spending(effort):
        analysis, before, after = await _snapshots(
            engine,
            tree.charged_to(effort),
            base.charged_to(effort),
            matcher,
            policy,
            None,
            outside or engine.outside,
            clusters,
            made,
        )
    return analysis, Change(before, after)


async def _snapshots(
    engine: Engine,
    tree: Tree,
    base: Tree | None,
    matcher: RepositoryMatcher,
    policy: Policy,
    progress: Progress | None,
    outside: Outside,
    clusters: LiveSource | None,
    made: Made | None,
) -> tuple[Analysis, Snapshot | None, Snapshot]:
    analysis = replace(analysis_by(engine, matcher, policy), made=made)
    before, after = await _pair(engine, tree, base, analysis, progress, outside)
    if made is None and clusters is not None and (open_ := namespaces_left_open(after, before)):
        made = await clusters.made(open_)
        if made is not None:
            analysis = replace(analysis, made=made)
            before, after = await _pair(engine, tree, base, analysis, progress, outside)
    return analysis, before, after if before is None else with_unjudged(before, after)


async def _pair(
    engine: Engine, tree: Tree, base: Tree | None, analysis: Analysis, progress: Progress | None, outside: Outside
) -> tuple[Snapshot | None, Snapshot]:
    if base is None:
        # What a branch holds by itself, and no change that somebody proposes.
        with outside.of_the_base():
            return None, await engine.snapshot(tree, analysis, progress, None, outside)
    with outside.of_the_base():
        before = await engine.snapshot(base, analysis, progress, None, outside)
    return before, await engine.snapshot(tree, analysis, progress, before, outside)


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
    outside: Outside,
    made: Made | None,
) -> Evaluation:
    analysis, before, after = await _snapshots(engine, tree, base, matcher, policy, progress, outside, clusters, made)
    if live is None and clusters is not None:
        live = await clusters.look([after] if before is None else [after, before], policy)
    chosen = [rule for rule in rules() if not only or rule.id in only]
    # Judging is work for a thread, like the model's own (`Engine.drive`), so that the server answers meanwhile.
    if live is not None:
        live = await asyncio.to_thread(concerning, live, after, policy)
    change = Change(before, after, live)
    findings = await asyncio.to_thread(findings_of, chosen, change, policy, _log_failure)
    findings = await engine.drive(at_values(after, analysis, findings), progress, effort, outside)
    planned = await engine.drive(plan_fixes(after, analysis, findings, policy, live), progress, effort, outside)
    mended = await engine.drive(plan_drops(after, analysis, planned.findings), progress, effort, outside)
    judge = partial(judged_against, _beside(chosen, mended), policy, live, _log_failure, before)
    repaired = await engine.drive(plan_repairs(after, analysis, mended, judge), progress, effort, outside)
    planned = replace(planned, findings=repaired.findings)
    plans = repaired.plans
    return await asyncio.to_thread(evaluation_of, change, planned, chosen, policy, effort.left_out, plans)


def _beside(chosen: Sequence[Rule], findings: Sequence[Finding]) -> list[Rule]:
    """The rules that a repair could bring something of: its own check run's, and what renders. Each repair is judged
    anew, and it changes nothing but the fields that it names."""
    wanted = {finding.rule for finding in findings if finding.repair is not None}
    names = {rule.check_name for rule in chosen if rule.id in wanted} | {render.CHECK}
    return [rule for rule in chosen if rule.check_name in names]


def _log_failure(rule: Rule) -> None:
    log.exception("a rule failed", extra={"rule": rule.id})
