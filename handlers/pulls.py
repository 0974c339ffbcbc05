"""Evaluating one pull request and making its check runs say the result."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import PermanentError, Superseded, TemporaryError
from bot.evaluation import Evaluation
from bot.fields import Fields
from bot.formats import check_run
from bot.github import checks, contents, pulls, repos
from bot.github.checks import Report
from bot.github.errors import NotFound, Unauthorised
from bot.github.model import CheckRun, PullRequest
from bot.mirror import MergeConflict
from checks.policy import PATH, Policy, read_policy
from checks.registry import rules
from handlers.desk import Desk, fingerprint
from handlers.order import show_order

log = logging.getLogger(__name__)

_OVERTAKEN = "a newer commit took its place"
_CLOSED = "the pull request was closed before this was done"


@dataclass(frozen=True, slots=True)
class Sides:
    """The commits a pull request is judged by. `head` is what merging would give, or the pull request's own head when
    it conflicts; `base` is what it is compared with."""

    base: str
    head: str
    default: str
    notes: tuple[str, ...] = ()


async def evaluate_pull(desk: Desk, number: int, *, again: str = "") -> None:
    """Bring the check runs of a pull request's head up to date.

    `again` names a wish to have it done even if they are (a delivery's id): it is done once for each.
    """
    pull = await pulls.get(desk.github, desk.name, number)
    sha = pull.head.sha
    tip = await contents.branch_head(desk.github, desk.name, pull.base.ref) if pull.state == "open" else None
    if tip is None:  # closed, or GitHub is about to close it since its base branch was deleted
        if not await pulls_of_head(desk, sha):
            await end_runs(desk, sha, check_run.overtaken(_CLOSED))
        return
    default = await desk.default_tip()
    identity = fingerprint(tip, sha, default, again)
    names = list(dict.fromkeys(rule.check_name for rule in rules()))
    existing = await _runs(desk, sha)
    todo = [name for name in names if not _is_done(existing.get(name), identity)]
    if not todo:
        log.info("the check runs are up to date", extra={"pull": number, "head": sha})
        return
    started: dict[str, CheckRun] = {}
    try:
        for name in todo:
            started[name] = await _start(desk, name, sha, identity, existing.get(name))
        sides = await _sides(desk, pull, tip, default)
        async with desk.objects(sides.base, sides.head, sides.default) as objects:
            policy = await asyncio.to_thread(read_policy, await objects.read_tree(sides.default))
            head_tree = await objects.read_tree(sides.head)
            before, stranger = await objects.read_tree(sides.base), desk.by_stranger(pull)
            evaluation = await desk.evaluate(head_tree, before, policy, by_stranger=stranger)
            notes = [*sides.notes, *_own_policy(await asyncio.to_thread(read_policy, head_tree), policy)]
            # Before the runs end: an attempt that is cut off here finds them unfinished and does it again.
            await show_order(desk, pull, evaluation, policy, base=sides.base)
            for name, run in list(started.items()):
                desk.context.check()
                await _finish(desk, run, sha, evaluation, name, policy, notes)
                del started[name]
    except Superseded:
        await _give_up(desk, started, check_run.overtaken(_OVERTAKEN))
        raise
    except Unauthorised as error:
        # Not for another hour: whoever waits for these runs is told now, if only GitHub takes that.
        await _give_up(desk, started, check_run.could_not_run(str(error)))
        raise
    except (TemporaryError, asyncio.CancelledError) as error:
        # It is tried again, and the runs stay in progress until then.
        if desk.last_attempt:
            await _give_up(desk, started, check_run.could_not_run(str(error) or "it took too long"))
        raise
    except Exception as error:
        # Only what was written for people is shown to them; the rest stands in the operator's log.
        reason = str(error) if isinstance(error, PermanentError) else ""
        await _give_up(desk, started, check_run.could_not_run(reason or f"argofix failed ({type(error).__name__})"))
        raise


async def pulls_of_head(desk: Desk, sha: str) -> list[int]:
    """Numbers of the open pull requests with this head commit (check events do not name those from forks)."""
    return [pull.number for pull in await pulls.listed(desk.github, desk.name) if pull.head.sha == sha]


async def sides_of(desk: Desk, pull: PullRequest) -> Sides | None:
    """The commits that a pull request is judged by; None when its base branch has gone."""
    tip = await contents.branch_head(desk.github, desk.name, pull.base.ref)
    return None if tip is None else await _sides(desk, pull, tip, await desk.default_tip())


async def leave(desk: Desk, sha: str) -> None:
    """End what is unfinished on a commit that was a pull request's head: an attempt may have waited for its next try
    when the newer commit took its place in the queue."""
    runs = await _runs(desk, sha)
    if any(run.status != "completed" for run in runs.values()) and not await pulls_of_head(desk, sha):
        await end_runs(desk, sha, check_run.overtaken(_OVERTAKEN))


async def end_runs(desk: Desk, sha: str, report: Report) -> None:
    """End what is unfinished on a commit that nobody will evaluate."""
    runs = await _runs(desk, sha)
    await _give_up(desk, {name: run for name, run in runs.items() if run.status != "completed"}, report)


async def _sides(desk: Desk, pull: PullRequest, tip: str, default: str) -> Sides:
    try:
        comparison = await repos.compare(desk.github, desk.name, tip, pull.head.sha)
        merge_base: str | None = comparison.merge_base
    except NotFound:
        merge_base = None  # unrelated histories
    return await desk.context.unless_superseded(_merged(desk, pull, tip, default, merge_base))


async def _merged(desk: Desk, pull: PullRequest, tip: str, default: str, merge_base: str | None) -> Sides:
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
    # What made one neutral (a cluster that did not answer) may be over; looking once more costs little.
    return (
        run is not None and run.status == "completed" and run.conclusion != "neutral" and run.external_id == identity
    )


async def _start(desk: Desk, name: str, sha: str, identity: str, run: CheckRun | None) -> CheckRun:
    """A run in progress for this evaluation. One that an interrupted attempt left is taken up again."""
    if run is not None and run.status == "in_progress" and run.external_id == identity and await _blank(desk, run):
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


async def _blank(desk: Desk, run: CheckRun) -> bool:
    """Whether a run has no annotations yet: GitHub would add ours to those that an interrupted attempt left."""
    fields = Fields(await desk.github.getitem(f"/repos/{desk.name}/check-runs/{{run}}", run=run.id))
    return fields.inner("output").number("annotations_count") == 0


async def _finish(
    desk: Desk, run: CheckRun, sha: str, evaluation: Evaluation, name: str, policy: Policy, notes: Sequence[str]
) -> None:
    report = evaluation.report(name)
    for finding in report.findings:
        if finding.introduced:
            desk.context.services.metrics.findings.labels(finding.rule, finding.severity.value).inc()
    shown = await asyncio.to_thread(
        check_run.completed, evaluation, report, policy, lambda span: desk.blob_url(sha, span), notes
    )
    await checks.update(desk.github, desk.name, run.id, report=shown, now=desk.context.services.clock.now())


async def _give_up(desk: Desk, started: dict[str, CheckRun], report: Report) -> None:
    """Leave no run in progress for ever. GitHub may be the very thing that fails, so this may fail too."""
    now = desk.context.services.clock.now()
    for run in started.values():
        try:
            # Without an evaluation's name: the next delivery does not take it for an answer.
            await checks.update(desk.github, desk.name, run.id, report=report, now=now, external_id="")
        except Exception:
            log.warning("a check run could not be ended", extra={"run": run.id}, exc_info=True)
            return


def _own_policy(proposed: Policy, current: Policy) -> list[str]:
    """What is wrong with the configuration as this pull request leaves it (it applies only once merged)."""
    if proposed.problems == current.problems:
        return []
    return [f"{PATH} in this change, line {problem.line}: {problem.message}" for problem in proposed.problems]
