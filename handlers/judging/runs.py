"""The check runs of one head commit: begun when the answer takes a while, and ended whatever happens.

`argofix` sums up the others and is the one that branch protection can require. So it comes last, and where nothing
could be judged it fails: GitHub lets `neutral` pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

from bot.formats.github import changes, check_run, gate
from bot.formats.github.gate import Judged
from bot.formats.refusal import in_words
from bot.github.endpoints import checks
from bot.github.endpoints.checks import Report
from bot.github.errors import ServerFault, Unauthorised
from bot.github.made_once import SETTLES
from bot.github.model import CheckRun
from bot.process.errors import PermanentError, Superseded, TemporaryError
from checks.registry import rules
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

# Seconds after which somebody who waits is shown that work goes on. What is answered sooner costs one request a run.
GRACE = 0.2
OVERTAKEN = "a newer commit took its place"
_ANEW = "it is done anew, in another run of this name"

Look = Callable[[AsyncExitStack], Awaitable[Sequence[Judged]]]


async def judge(repo: RepositoryContext, sha: str, identity: str, look: Look) -> bool:
    """Bring the check runs of the commit `sha` up to date with what `look` finds; False when they are already.

    `identity` names the evaluation's inputs. `look` may open what it reads from in the stack that it gets: that is
    closed when everything has been said.
    """
    async with _alone(repo, sha):
        return await _judge(_Runs(repo, sha, identity, await runs_of(repo, sha)), look)


async def _judge(runs: _Runs, look: Look) -> bool:
    repo = runs.repo
    if runs.done:
        log.info("the check runs are up to date", extra={"head": runs.sha[:7]})
        return False
    try:
        async with AsyncExitStack() as stack:
            judged = await runs.meanwhile(look(stack))
            await runs.complete(judged)
    except Superseded:
        await runs.give_up(check_run.overtaken(OVERTAKEN))
        raise
    except Unauthorised as error:
        # Not for another hour: whoever waits for these runs is told now, if only GitHub takes that.
        await runs.give_up(check_run.could_not_run(in_words(error)))
        raise
    except (TemporaryError, asyncio.CancelledError) as error:
        # It is tried again, and the run stays in progress until then.
        if repo.context.attempt.is_last(error):
            await runs.give_up(check_run.could_not_run(in_words(error)))
        raise
    except Exception as error:
        # Only what was written for people is shown to them; the rest stands in the operator's log.
        reason = in_words(error) if isinstance(error, PermanentError) else ""
        await runs.give_up(check_run.could_not_run(reason or f"argofix failed ({type(error).__name__})"))
        raise
    return True


async def refuse(repo: RepositoryContext, sha: str, identity: str, report: Report) -> None:
    """Say of the commit `sha` by every check run that it is not judged. `identity` as for `judge`."""
    async with _alone(repo, sha):
        runs = _Runs(repo, sha, identity, await runs_of(repo, sha))
        if runs.done:
            return
        try:
            await runs.say(report)
        except (TemporaryError, asyncio.CancelledError) as error:
            if repo.context.attempt.is_last(error):
                await runs.give_up(report)
            raise


async def runs_of(repo: RepositoryContext, sha: str) -> dict[str, CheckRun]:
    """Our latest check run of each name on a commit."""
    app = repo.context.services.identity.id
    return {run.name: run for run in await checks.for_ref(repo.github, repo.name, sha, app_id=app)}


def _alone(repo: RepositoryContext, sha: str) -> AbstractAsyncContextManager[None]:
    """Nobody tells of this commit meanwhile that it waits (`handlers.judging.waiting`)."""
    return repo.context.services.heads.held((repo.details.id, sha))


async def end_runs(repo: RepositoryContext, sha: str, report: Report) -> None:
    """End what is unfinished on a commit that nobody will evaluate."""
    for run in (await runs_of(repo, sha)).values():
        if run.status != "completed":
            await _end(repo, run, report)


def check_names(*, quiet: bool = True) -> tuple[str, ...]:
    """The check runs that rules report under, those too that are made only where they have something to say, unless
    `quiet` is False; `argofix` comes on top of them."""
    names = {rule.check_name for rule in rules() if quiet or not rule.quiet}
    return tuple(sorted(names | {changes.NAME} if quiet else names))


@dataclass(slots=True)
class _Runs:
    repo: RepositoryContext
    sha: str
    identity: str
    existing: dict[str, CheckRun]  # the latest of each name, as far as we know
    _told: set[str] = field(default_factory=set)  # the checks that have their last word from us
    _unsure: bool = False  # whether GitHub may be about to create a run whose answer was lost

    @property
    def done(self) -> bool:
        """Whether the sum was told for these very inputs (it is told last, so the others were too) and nothing was
        left open: what made a run neutral, a cluster that did not answer, may be over by now."""
        mine = [run for run in self.existing.values() if run.external_id == self.identity]
        return self._is_done(gate.NAME) and not any(run.conclusion == "neutral" for run in mine)

    def _is_done(self, name: str) -> bool:
        run = self.existing.get(name)
        if run is None or run.external_id != self.identity:
            return False
        return run.status == "completed" and run.conclusion != "neutral"

    async def meanwhile(self, work: Awaitable[Sequence[Judged]]) -> Sequence[Judged]:
        """Await `work`, and show that it goes on when that takes more than a moment."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task,), timeout=GRACE)
            if not task.done():
                await self._begin()
            return await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def complete(self, judged: Sequence[Judged]) -> None:
        shown: dict[str, Report] = {}
        addresses: dict[str, str] = {}
        if any(each.concerns_argo_cd for each in judged):
            for name in self._names(judged):
                self.repo.context.check()
                shown[name] = await asyncio.to_thread(gate.together, judged, name)
                addresses[name] = (await self._show(name, shown[name])).html_url
        self.repo.context.check()
        total = gate.summed(judged, shown, addresses)
        self._count(judged)
        if (run := self._open(gate.NAME)) is not None:
            # What was begun, what was shown while it waited for its turn, or what an attempt left that was cut off.
            await self._update(run, total)
        else:
            await self._show(gate.NAME, total)

    async def say(self, report: Report) -> None:
        """The same in every run, the sum last."""
        for name in (*self._names(), gate.NAME):
            await self._show(name, report)

    async def give_up(self, report: Report) -> None:
        """Leave nothing in progress for ever, and let nothing pass. GitHub may be the very thing that fails, so this
        may fail too."""
        last, clock = False, self.repo.context.services.clock
        while True:
            try:
                if self._unsure:
                    await clock.sleep(SETTLES)
                await self._end_all(report)
                return
            except Exception as error:
                if last or not isinstance(error, ServerFault):
                    log.warning("check runs could not be ended", extra={"head": self.sha}, exc_info=True)
                    return
                self._unsure = last = True

    async def _end_all(self, report: Report) -> None:
        before = {run.id for run in self.existing.values()}
        self.existing = await runs_of(self.repo, self.sha)
        for name in (*self._names(), gate.NAME):
            run, left = self.existing.get(name), self._open(name)
            if left is not None:
                await _end(self.repo, left, report)
            elif run is not None and run.id not in before:
                pass  # the answer to its creation was lost, and it said the last word at once
            elif report.conclusion == "failure" and name not in self._told and not self._is_done(name):
                await self._create(name, report, "")
            self._told.add(name)

    def _names(self, judged: Sequence[Judged] = ()) -> tuple[str, ...]:
        """The check runs that belong to this head: those that always do, those that are there, since they have to say
        what holds now, and those that have something to say of `judged`."""
        always = check_names(quiet=False)
        return tuple(
            name
            for name in check_names()
            if name in always or name in self.existing or any(each.speaks(name) for each in judged)
        )

    def _open(self, name: str) -> CheckRun | None:
        run = self.existing.get(name)
        return run if run is not None and run.status != "completed" else None

    async def _begin(self) -> None:
        run = self.existing.get(gate.NAME)
        if run is not None and (run.status != "completed" or run.external_id == self.identity):
            # The sum has no annotations that ours would be added to, so it can be said anew.
            if run.status != "in_progress" or run.external_id != self.identity:
                await self._update(run, check_run.in_progress())
        else:
            await self._create(gate.NAME, check_run.in_progress())

    async def _show(self, name: str, report: Report) -> CheckRun:
        """One request where the answer is new, none where it is the same. GitHub adds annotations to those that are
        there, so a run that has some is not written to again."""
        run, left = self.existing.get(name), self._open(name)
        if run is not None and (left is not None or run.external_id == self.identity):
            if left is None and checks.says(run, report):
                return run
            # The sum has no annotations.
            sent = 0 if name == gate.NAME else await self._sent(run, report)
            if sent is not None:
                return await self._update(run, report, sent)
        if left is not None:  # first, so that the new one is the latest by every count
            await _end(self.repo, left, check_run.overtaken(_ANEW))
        return await self._create(name, report)

    async def _update(self, run: CheckRun, report: Report, sent: int = 0) -> CheckRun:
        """Bring a run that has the first `sent` annotations of `report` to that, under this evaluation's name."""
        github, name = self.repo.github, self.repo.name
        run = await checks.update(
            github, name, run.id, report=report, now=self._now, external_id=self.identity, sent=sent
        )
        return self._known(run)

    async def _create(self, name: str, report: Report, identity: str | None = None) -> CheckRun:
        known = self.existing.get(name)
        try:
            run = await checks.create(
                self.repo.github,
                self.repo.name,
                name=name,
                head_sha=self.sha,
                report=report,
                external_id=self.identity if identity is None else identity,
                now=self._now,
                app_id=self.repo.context.services.identity.id,
                newer_than=known.id if known is not None else 0,
            )
        except (ServerFault, asyncio.CancelledError):
            self._unsure = True
            raise
        return self._known(run)

    def _known(self, run: CheckRun) -> CheckRun:
        self.existing[run.name] = run
        if run.status == "completed":
            self._told.add(run.name)
        return run

    async def _sent(self, run: CheckRun, report: Report) -> int | None:
        """How many of the annotations of `report` a run has, where it can be brought to that; else None."""
        run = await checks.get(self.repo.github, self.repo.name, run.id)
        if run.annotations == 0:
            return 0
        if run.external_id != self.identity:
            return None
        return await checks.sent(self.repo.github, self.repo.name, run.id, report)

    def _count(self, judged: Sequence[Judged]) -> None:
        for each in judged:
            for finding in each.evaluation.findings:
                if finding.introduced:
                    counted = self.repo.context.services.metrics.findings
                    counted.labels(finding.rule, finding.severity.value).inc()

    @property
    def _now(self) -> float:
        return self.repo.context.services.clock.now()


async def _end(repo: RepositoryContext, run: CheckRun, report: Report) -> None:
    # Without an evaluation's name: the next delivery does not take it for an answer.
    now = repo.context.services.clock.now()
    await checks.update(repo.github, repo.name, run.id, report=report, now=now, external_id="")
