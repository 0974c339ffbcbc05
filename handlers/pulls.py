"""Evaluating one pull request and making its check runs say the result."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import Superseded, TemporaryError
from bot.evaluation import Evaluation
from bot.formats import check_run
from bot.github import checks, contents, pulls, repos
from bot.github.errors import NotFound
from bot.github.model import CheckRun, PullRequest
from bot.mirror import MergeConflict
from checks.policy import PATH, Policy
from checks.registry import rules
from handlers.desk import Desk, fingerprint, read_policy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sides:
    """The commits a pull request is judged by. `head` is what merging would give, or the pull request's own head when
    it conflicts; `base` is what it is compared with."""

    base: str
    head: str
    default: str
    notes: tuple[str, ...] = ()


async def evaluate_pull(desk: Desk, number: int, *, again: bool = False) -> None:
    """Bring the check runs of a pull request's head up to date; `again` does so even if they are."""
    pull = await pulls.get(desk.github, desk.name, number)
    if pull.state != "open":
        return
    sha = pull.head.sha
    existing = await _runs(desk, sha)
    tip = await contents.branch_head(desk.github, desk.name, pull.base.ref)
    default = await desk.default_tip()
    if tip is None:
        return  # the base branch was deleted; GitHub closes the pull request
    identity = fingerprint(tip, sha, default)
    names = list(dict.fromkeys(rule.check_name for rule in rules()))
    if not again and all(_is_done(existing.get(name), identity) for name in names):
        log.info("the check runs are up to date", extra={"pull": number, "head": sha})
        return
    started = {name: await _start(desk, name, sha, identity, existing.get(name), again) for name in names}
    try:
        sides = await _sides(desk, pull, tip, default)
        async with desk.objects(sides.base, sides.head, sides.default) as objects:
            policy = read_policy(objects.tree(sides.default))
            head_tree = objects.tree(sides.head)
            evaluation = await desk.evaluate(head_tree, objects.tree(sides.base), policy)
            notes = [*sides.notes, *_own_policy(read_policy(head_tree), policy)]
            for name, run in started.items():
                desk.context.check()
                await _finish(desk, run, sha, evaluation, name, policy, notes)
    except Superseded:
        await _give_up(desk, started, "a newer commit took its place")
        raise
    except TemporaryError:
        raise  # it is tried again, and the runs stay in progress until then
    except Exception as error:
        reason = str(error) if str(error) else type(error).__name__
        await _give_up(desk, started, reason)
        raise


async def pulls_of_head(desk: Desk, sha: str) -> list[int]:
    """Numbers of the open pull requests with this head commit (check events do not name those from forks)."""
    return [pull.number for pull in await pulls.listed(desk.github, desk.name) if pull.head.sha == sha]


async def sides_of(desk: Desk, pull: PullRequest) -> Sides | None:
    """The commits that a pull request is judged by; None when its base branch has gone."""
    tip = await contents.branch_head(desk.github, desk.name, pull.base.ref)
    return None if tip is None else await _sides(desk, pull, tip, await desk.default_tip())


async def _sides(desk: Desk, pull: PullRequest, tip: str, default: str) -> Sides:
    try:
        comparison = await repos.compare(desk.github, desk.name, tip, pull.head.sha)
        merge_base: str | None = comparison.merge_base
    except NotFound:
        merge_base = None  # unrelated histories
    await desk.mirror.fetch([tip, pull.head.sha, default])
    try:
        merged = await desk.mirror.merge(tip, pull.head.sha, number=pull.number, merge_base=merge_base)
        return Sides(tip, merged, default)
    except MergeConflict:
        note = "This branch conflicts with its base; argofix looked at the branch itself, not at the merge result."
        if merge_base is not None:
            await desk.mirror.fetch([merge_base])
        return Sides(merge_base or tip, pull.head.sha, default, (note,))


async def _runs(desk: Desk, sha: str) -> dict[str, CheckRun]:
    app = desk.context.services.identity.id
    return {run.name: run for run in await checks.for_ref(desk.github, desk.name, sha, app_id=app)}


def _is_done(run: CheckRun | None, identity: str) -> bool:
    return run is not None and run.status == "completed" and run.external_id == identity


async def _start(desk: Desk, name: str, sha: str, identity: str, run: CheckRun | None, again: bool) -> CheckRun:
    """A run in progress for this evaluation. One that an interrupted attempt left is taken up again."""
    if run is not None and run.status != "completed" and run.external_id == identity and not again:
        return run
    now = desk.context.services.clock.now()
    return await checks.create(
        desk.github,
        desk.name,
        name=name,
        head_sha=sha,
        report=check_run.in_progress(),
        external_id=identity,
        now=now,
    )


async def _finish(
    desk: Desk, run: CheckRun, sha: str, evaluation: Evaluation, name: str, policy: Policy, notes: Sequence[str]
) -> None:
    report = evaluation.report(name)
    for finding in report.findings:
        if finding.introduced:
            desk.context.services.metrics.findings.labels(finding.rule, finding.severity.value).inc()
    shown = check_run.completed(evaluation, report, policy, lambda span: desk.blob_url(sha, span), notes)
    await checks.update(desk.github, desk.name, run.id, report=shown, now=desk.context.services.clock.now())


async def _give_up(desk: Desk, started: dict[str, CheckRun], reason: str) -> None:
    """Leave no run in progress for ever. GitHub may be the very thing that fails, so this may fail too."""
    for run in started.values():
        report = check_run.could_not_run(reason)
        try:
            await checks.update(desk.github, desk.name, run.id, report=report, now=desk.context.services.clock.now())
        except Exception:
            log.warning("a check run could not be ended", extra={"run": run.id}, exc_info=True)
            return


def _own_policy(proposed: Policy, current: Policy) -> list[str]:
    """What is wrong with the configuration as this pull request leaves it (it applies only once merged)."""
    if proposed.problems == current.problems:
        return []
    return [f"{PATH} in this change, line {problem.line}: {problem.message}" for problem in proposed.problems]
