"""The checklist as an issue: one in a repository, where somebody asked for it, made what it should be each time.

It is known by its mark and by who opened it, never by its title. Whether it is wanted is said by the configuration;
where that says nothing, `/argofix dashboard` opens it and closing it switches it off. A box is a request: whoever
ticks it is answered in the issue itself (`handlers.proposals.ticked`), and what is done is computed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.formats.doctor.boxes import boxes_of, lines_of, ticked_in, with_ticks
from bot.formats.doctor.issue import CLOSED, TITLE, body_of
from bot.formats.doctor.memory import Answer, Memory, digest, read_memory, text_digest
from bot.formats.doctor.shown import Shown, gone, places_left, statuses
from bot.github.endpoints import checks, issues
from bot.github.endpoints.issues import Issue
from bot.github.made_once import made_once
from bot.github.model import PullRequest
from bot.process.errors import PermanentError
from bot.queue.schedule import own
from bot.registries.faults import SourceFault
from checks.judgement.checklist import checklist_of
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path, paths_of
from checks.planning.additions.items import ITEMS
from checks.planning.ownership.plan import FixPlan
from checks.planning.repairs.plan import RepairPlan
from checks.policy.bumps import Level
from checks.policy.file import Policy
from gitops.versions.components import ARGO_CD
from handlers.proposals import additions, bumps, checklist_issue
from handlers.proposals.branches import declined, history_of, open_below
from handlers.proposals.errors_told import errors_of, tell_new_errors
from handlers.proposals.fixes import Target
from handlers.proposals.pacing import DEBOUNCE, after_writing, due
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

RUN = "argofix / checklist"  # the check run in its place
NAME = "checklist"  # our own event: look at it again (`handlers.schedule.checklist`)
_OFF = "`dashboard` of the configuration switches this off."
_UNHEARD = 900.0  # seconds after which a tick of which nobody told us is answered
_WHO = "argofix was not told who ticked this; tick it again."
_MOST_ANSWERS = 40


@dataclass(slots=True)
class Ticks:
    """What became of boxes that somebody ticked, by key: an answer, or who waits for a place."""

    answers: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


async def show(
    repo: RepositoryContext,
    evaluation: Evaluation,
    policy: Policy,
    tip: str,
    *,
    asked: bool = False,
    ticks: Ticks | None = None,
    memory: Memory | None = None,
) -> Issue | None:
    """Make the issue what it should be, where it is wanted; `asked` when somebody wants it now. Gives the issue where
    it is open. `memory` is what it remembered, where its text does not tell any more.

    What GitHub refuses (issues that are switched off, a permission that was not granted) is only logged, unless
    somebody asked. What nobody asked for may be put off (`handlers.proposals.pacing`).
    """
    showing = _Showing(repo, evaluation, policy, tip, asked, ticks, memory)
    try:
        return await showing.show()
    except PermanentError as error:
        if asked:
            raise
        log.warning("the checklist could not be shown", extra={"reason": str(error)})
    if policy.dashboard.enabled:
        await showing.show_as_check_run()
    return None


async def follow(repo: RepositoryContext, policy: Policy | None = None) -> None:
    """Something changed: have the issue looked at in a minute, where there is one, or the policy wants one."""
    if repo.details.fork or repo.details.archived:
        return
    known = None
    with contextlib.suppress(PermanentError):
        known = await checklist_issue.existing(repo)
    if known is not None or (policy is not None and policy.dashboard.enabled):
        await later(repo, repo.context.services.clock.now() + DEBOUNCE)


async def later(repo: RepositoryContext, when: float) -> None:
    """Have the issue looked at then (seconds since the epoch); what is to be in one minute is one look."""
    services = repo.context.services
    name = f"{NAME}/{repo.details.id}/{int(when // DEBOUNCE)}"
    delivery = own(name, NAME, services.clock.now(), installation=repo.installation, repository=repo.details)
    await services.enqueue(replace(delivery, not_before=when))


def memory_of(repo: RepositoryContext, *bodies: str | None) -> Memory | None:
    """What the first of these texts remembers that remembers anything."""
    found = (read_memory(body, repo.sealing_key, repo.details.id) for body in bodies if body)
    return next((one for one in found if one is not None), None)


async def room_of(repo: RepositoryContext, policy: Policy) -> int | None:
    """How many fixes argofix opens by itself: where the configuration wants the checklist, no more than have a place
    in it."""
    if not policy.dashboard.enabled:
        return None
    return places_left(policy.dashboard.max_open, [pull.head.ref for pull in await open_below(repo, "")])


def plans_of(repo: RepositoryContext, evaluation: Evaluation, tip: str) -> dict[str, FixPlan | RepairPlan]:
    """The fixes for the default branch, by their branches."""
    target = Target(repo.details.default_branch, tip)
    return {target.branch(plan): plan for plan in evaluation.proven}


async def opened_of(repo: RepositoryContext) -> dict[str, PullRequest]:
    """Our open pull requests into the default branch, by their branches."""
    base = repo.details.default_branch
    return {pull.head.ref: pull for pull in await open_below(repo, "") if pull.base.ref == base}


async def declined_of(repo: RepositoryContext, branches: Iterable[str]) -> dict[str, PullRequest]:
    """Those of our pull requests from these branches that a person closed; costs a request for each branch."""
    found = {branch: declined(await history_of(repo, repo.github, branch)) for branch in branches}
    return {branch: pull for branch, pull in sorted(found.items()) if pull is not None}


@dataclass(frozen=True)
class _Showing:
    """One look at one commit."""

    repo: RepositoryContext
    evaluation: Evaluation
    policy: Policy
    tip: str
    asked: bool
    ticks: Ticks | None
    former: Memory | None

    async def show(self) -> Issue | None:
        repo, wanted = self.repo, self.policy.dashboard.enabled
        if repo.details.fork or repo.details.archived:
            return None
        found = await checklist_issue.all_of(repo)
        if wanted is False:
            await checklist_issue.close(repo, found, _OFF)
            return None
        known = found[0] if found else None
        if known is not None:
            await checklist_issue.close(repo, found[1:], f"The checklist of this repository is #{known.number}.")
        if known is None and not (wanted or self.asked):
            return None
        if known is not None and known.state == "closed" and not self.asked and not (wanted and CLOSED in known.body):
            return None  # a person closed it
        if not (self.evaluation.snapshot.states or self.evaluation.snapshot.unknown):
            return None
        # Somebody may have ticked a box since it was listed, or deleted it.
        present = await checklist_issue.there(repo, known.number) if known is not None else None
        if known is not None and present is None and not (wanted or self.asked):
            return None
        memory = memory_of(repo, present.body if present is not None else None) or self.former or Memory()
        shown, remembered, settled = await self._shown(present, memory)
        if present is None:
            return await self._open(shown, remembered)
        return await self._update(present, shown, memory, remembered, settled)

    async def _shown(self, present: Issue | None, memory: Memory) -> tuple[Shown, Memory, frozenset[str]]:
        """What is to be said, what is to be remembered with it, and the boxes that are to be empty now."""
        repo, ticks, now = self.repo, self.ticks or Ticks(), self._now
        plans, opened = plans_of(repo, self.evaluation, self.tip), await opened_of(repo)
        branches = [*plans, *map(additions.branch_of, ITEMS), *(bumps.branch_of(ARGO_CD, level) for level in Level)]
        closed = await declined_of(repo, [branch for branch in branches if branch not in opened])
        paths = await self._paths()
        shown = Shown(
            self.evaluation,
            await asyncio.to_thread(checklist_of, self.evaluation, self.policy),
            repo.details.default_branch,
            self.tip,
            plans,
            opened,
            closed,
            paths,
            max_open=self.policy.dashboard.max_open,
        )
        stands = await asyncio.to_thread(statuses, shown)
        about = {key: digest(status) for key, status in stands.items()}
        nothing = digest(gone(self.tip))
        answers = {k: one for k, one in memory.answers.items() if one.about == about.get(k, nothing)}
        fresh = dict(ticks.answers)
        boxes = boxes_of(present.body) if present is not None else {}
        # We wrote it ticked: where it is empty by now, whoever asked thought better of it.
        waiting = {k: login for k, login in memory.waiting.items() if boxes.get(k, True)} | ticks.waiting
        still = {key for key, status in stands.items() if not status.startswith("open ")}
        waiting = {k: login for k, login in waiting.items() if k in still and k not in fresh}
        settled = {*fresh, *waiting, *memory.waiting}
        seen = {k: memory.seen.get(k, now) for k, ticked in boxes.items() if ticked and k not in settled}
        fresh |= {k: _WHO for k, since in seen.items() if now - since >= _UNHEARD}
        seen = {k: since for k, since in seen.items() if k not in fresh}
        answers = {k: one for k, one in answers.items() if k not in waiting}
        answers |= {k: Answer(text, about.get(k, nothing)) for k, text in fresh.items()}
        answers = dict(list(answers.items())[-_MOST_ANSWERS:])
        shown = replace(shown, answers={k: one.text for k, one in answers.items()}, waiting=frozenset(waiting))
        return shown, replace(memory, answers=answers, waiting=waiting, seen=seen), frozenset(fresh)

    async def _paths(self) -> tuple[Path, ...]:
        now = datetime.fromtimestamp(self._now, UTC)
        paths = await asyncio.to_thread(paths_of, self.evaluation, self.policy, None, now)
        if not any(path.followed for path in paths):
            return ()
        try:
            published = await self.repo.context.services.versions.published(ARGO_CD, self.repo.github)
        except SourceFault as fault:
            log.info("the next versions are not shown", extra={"reason": str(fault)})
            return paths
        return await asyncio.to_thread(paths_of, self.evaluation, self.policy, published.available, now)

    async def _open(self, shown: Shown, memory: Memory) -> Issue:
        repo, github = self.repo, self.repo.on_issues()
        body, memory = await self._body(shown, replace(memory, errors=self._errors()))
        label = self.policy.dashboard.label
        there = bool(label) and label in await issues.labels(github, repo.name)
        return await made_once(
            lambda: issues.create(github, repo.name, TITLE, body, [label] if there else []),
            lambda: checklist_issue.existing(repo),
        )

    async def show_as_check_run(self) -> None:
        """The same text on the commit, where the repository has no issues, or argofix none of its own there."""
        repo, app = self.repo, self.repo.context.services.identity.id
        if repo.details.fork or repo.details.archived:
            return
        shown, _, _ = await self._shown(None, Memory())
        shown = replace(shown, boxes=False)
        body = await asyncio.to_thread(body_of, shown, lambda span: repo.blob_url(self.tip, span))
        report = checks.Report("The checklist, which has no issue here", body, "neutral")
        present = await checks.for_ref(repo.github, repo.name, self.tip, app_id=app, name=RUN)
        if not any(run.external_id == digest(body) for run in present):
            await checks.create(
                repo.github,
                repo.name,
                name=RUN,
                head_sha=self.tip,
                report=report,
                external_id=digest(body),
                now=self._now,
                app_id=app,
                newer_than=max((run.id for run in present), default=0),
            )

    async def _update(
        self, present: Issue, shown: Shown, former: Memory, memory: Memory, settled: frozenset[str]
    ) -> Issue:
        repo, github = self.repo, self.repo.on_issues()
        memory = await tell_new_errors(repo, present.number, self.evaluation, self.policy, self.tip, memory)
        told = memory.commented != former.commented
        body, memory = await self._body(shown, memory)
        reopening = present.state != "open"
        urgent = self.asked or self.ticks is not None or reopening or told
        if not urgent:
            by_hand = text_digest(present.body) != former.text
            if not by_hand and _alike(former, memory):
                return present
            if (when := due(former, self._now)) > self._now:
                await later(repo, when)
                return present
        for _ in range(2):
            kept = [key for key in ticked_in(present.body) if key not in settled]
            state = "open" if reopening else None
            await issues.update(github, repo.name, present.number, body=with_ticks(body, kept), state=state)
            present = await issues.get(github, repo.name, present.number)
            if text_digest(present.body) == memory.text:
                break  # at most boxes were ticked meanwhile, and the event of that tells by whom
        return present

    async def _body(self, shown: Shown, memory: Memory) -> tuple[str, Memory]:
        repo = self.repo
        # What says the same at another commit is the same.
        bare = await asyncio.to_thread(body_of, replace(shown, commit=""), lambda span: "")
        whole = await asyncio.to_thread(body_of, shown, lambda span: repo.blob_url(self.tip, span))
        text = repo.on_issues().as_sent(whole)
        memory = after_writing(memory, self._now, asked=self.asked or self.ticks is not None)
        lines = tuple(dict.fromkeys(one.digest for one in lines_of(text)))
        memory = replace(memory, shape=digest(bare), text=text_digest(text), lines=lines)
        return f"{text.rstrip()}\n\n{memory.sealed(repo.sealing_key, repo.details.id)}\n", memory

    def _errors(self) -> tuple[str, ...] | None:
        return errors_of(self.evaluation) if self.policy.dashboard.comment_errors else None

    @property
    def _now(self) -> float:
        return self.repo.context.services.clock.now()


def _alike(former: Memory, memory: Memory) -> bool:
    """Whether what it says and what it remembers of others is the same."""
    return (former.shape, former.answers, former.waiting, former.seen, former.errors) == (
        memory.shape,
        memory.answers,
        memory.waiting,
        memory.seen,
        memory.errors,
    )
