"""What boxes of the checklist's issue ask for that somebody ticked: done, or answered with why not.

A tick belongs to whoever made the edit that ticked it (`bot.formats.doctor.boxes`), and is obeyed where that person
may push. What others ticked and nobody answered yet stays as it is until its own event comes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.formats.doctor.boxes import RESCAN, Requests, boxes_of, requests_of, subject_of
from bot.formats.doctor.issue import MARK
from bot.formats.doctor.memory import Memory, text_digest
from bot.formats.doctor.shown import limited, places_left
from bot.formats.writing.markdown import code, in_one_line
from bot.github.endpoints import issues, repos
from bot.github.endpoints.issues import Issue
from bot.github.events import IssueEvent
from bot.github.model import PullRequest
from bot.process.errors import PermanentError
from checks.judgement.evaluation import Evaluation
from checks.planning.ownership.plan import FixPlan
from checks.planning.repairs.plan import RepairPlan
from checks.policy.file import Policy
from gitops.versions.components import ARGO_CD
from handlers.proposals import additions, checklist_issue
from handlers.proposals.bumps import settle_bumps
from handlers.proposals.dashboard import (
    Ticks,
    later,
    memory_of,
    opened_of,
    plans_of,
    room_of,
    show,
)
from handlers.proposals.fixes import DEFAULT, Target, on_default, settle
from handlers.proposals.offers import Wish
from handlers.proposals.pacing import DEBOUNCE, due
from handlers.proposals.refusals import taken, why_not
from handlers.repository import RepositoryContext

_MOST_TICKS = 5  # in one edit; each may open a pull request
_AGAIN = "tick the box again"
_FOREIGN = (
    "refused: somebody had changed this line, so what it asked for was not what it said. Read it and tick again."
)


async def obey(repo: RepositoryContext, event: IssueEvent) -> None:
    """Do what one edit asked for, and say in the issue what became of it."""
    if event.author != repo.context.services.identity.login:
        return
    present = await checklist_issue.there(repo, event.number)
    if present is None or present.state != "open":
        return
    memory = memory_of(repo, present.body, event.former, event.body)
    asked = _asked(repo, event, present)
    if not asked.keys and MARK in present.body:
        if memory is None or text_digest(present.body) != memory.text:
            await later(repo, repo.context.services.clock.now() + DEBOUNCE)  # what was written by hand goes
        return
    async with on_default(repo) as (tip, policy, evaluation):
        work = await _Work.at(repo, evaluation, policy, tip)
        await work.requested(asked, event.sender)
        if MARK not in present.body:
            # Somebody wiped the text; by its number it is known all the same.
            await issues.update(repo.on_issues(), repo.name, event.number, body=MARK)
        await show(repo, evaluation, policy, tip, ticks=work.ticks, memory=memory)


async def look_again(repo: RepositoryContext) -> None:
    """Bring the issue up to date, and open what waited for a place that is free by now."""
    known = None
    with contextlib.suppress(PermanentError):
        known = await checklist_issue.existing(repo)
    memory = memory_of(repo, known.body) if known is not None else None
    now = repo.context.services.clock.now()
    if known is not None and memory is not None and not memory.waiting and (when := due(memory, now)) > now:
        await later(repo, when)
        return
    async with on_default(repo) as (tip, policy, evaluation):
        ticks = None
        if memory is not None and memory.waiting and known is not None and known.state == "open":
            work = await _Work.at(repo, evaluation, policy, tip)
            await work.waited(memory, known)
            ticks = work.ticks if work.ticks.answers else None
        await show(repo, evaluation, policy, tip, ticks=ticks)


def _asked(repo: RepositoryContext, event: IssueEvent, present: Issue) -> Requests:
    """What the edit ticked, but for what a person took back since, in the text that was ticked."""
    memories = [one for one in (memory_of(repo, body) for body in (event.former, event.body, present.body)) if one]
    written = {line for one in memories for line in one.lines}
    asked = requests_of(event.body, event.former, written)
    if text_digest(present.body) != text_digest(event.body):
        return asked  # we wrote it meanwhile, so an empty box tells nothing
    boxes = boxes_of(present.body)
    return Requests(
        tuple(key for key in asked.ours if boxes.get(key, True)),
        tuple(key for key in asked.foreign if boxes.get(key, True)),
    )


@dataclass
class _Work:
    """Requests at one commit."""

    repo: RepositoryContext
    evaluation: Evaluation
    policy: Policy
    tip: str
    plans: Mapping[str, FixPlan | RepairPlan]
    opened: Mapping[str, PullRequest]
    ticks: Ticks = field(default_factory=Ticks)

    @classmethod
    async def at(cls, repo: RepositoryContext, evaluation: Evaluation, policy: Policy, tip: str) -> _Work:
        return cls(repo, evaluation, policy, tip, plans_of(repo, evaluation, tip), await opened_of(repo))

    async def requested(self, asked: Requests, by: str) -> None:
        """What one person ticked."""
        for key in asked.foreign:
            self.ticks.answers[key] = _FOREIGN
        if asked.ours and not await self._may(by):
            self.ticks.answers.update((key, f"refused: {code(by)} has no write access here.") for key in asked.ours)
            return
        for place, key in enumerate(asked.ours):
            if place >= _MOST_TICKS:
                self.ticks.answers[key] = f"refused: argofix opens {_MOST_TICKS} at once; {_AGAIN}."
            else:
                await self._do(key, by)

    async def waited(self, memory: Memory, present: Issue) -> None:
        """What waited for a place, for as long as there are any."""
        boxes = boxes_of(present.body)
        for key, by in memory.waiting.items():
            if self._free and boxes.get(key, True):
                if await self._may(by):
                    await self._do(key, by)
                else:
                    self.ticks.answers[key] = f"refused: {code(by)} has no write access here any more."

    async def _may(self, login: str) -> bool:
        return await repos.permission(self.repo.github, self.repo.name, login) in repos.MAY_WRITE

    @property
    def _free(self) -> int:
        return places_left(self.policy.dashboard.max_open, self.opened)

    async def _do(self, key: str, by: str) -> None:
        kind, subject = key.partition(":")[0], subject_of(key)
        if key == RESCAN:
            self.ticks.answers[key] = f"done at {code(self.tip[:7])}."
            return
        if kind == "bump":
            await self._bump(key, subject)
            return
        branches = {"add": additions.branch_of(subject), "fix": f"argofix/{DEFAULT}{subject}"}
        branch = branches.get(kind, subject)
        item = additions.item_of(branch)
        if item is None and branch not in self.plans:
            self.ticks.answers[key] = f"there is nothing to fix any more at {code(self.tip[:7])}."
        elif branch not in self.opened and limited(branch) and not self._free:
            self.ticks.waiting[key] = by
        elif item is not None:
            done = await additions.add(self.repo, item)
            self.ticks.answers[key] = f"opened #{done.pull}." if done.ok else f"refused: {in_one_line(done.text)}"
        else:
            self.ticks.answers[key] = await self._fix(branch)
        if key in self.ticks.answers:
            self.opened = await opened_of(self.repo)  # it may have taken a place

    async def _bump(self, key: str, version: str) -> None:
        outcomes = await settle_bumps(self.repo, Wish(ARGO_CD.name, version))
        if not outcomes:
            self.ticks.answers[key] = f"refused: {code(ARGO_CD.name)} is not followed here."
            return
        told = [
            f"opened #{one.pull.number}" if one.ok and one.pull is not None else f"refused: {one.text}"
            for one in outcomes
        ]
        self.ticks.answers[key] = f"{'; '.join(told)}."

    async def _fix(self, branch: str) -> str:
        """Open one fix, and tell what became of it."""
        target = Target(self.repo.details.default_branch, self.tip)
        settled = await settle(
            self.repo, self.evaluation, self.policy, target, again=branch, room=await room_of(self.repo, self.policy)
        )
        pull = next((each for each in settled.open if each.head.ref == branch), None)
        if pull is not None:
            return f"opened #{pull.number}." if branch not in self.opened else f"#{pull.number} is open."
        if branch in settled.taken:
            return f"refused: {taken(branch, _AGAIN)}"
        if not settled.refused:
            return "refused: argofix could not open it."
        refused = next((each for each in settled.refused if each.branch == branch), settled.refused[0])
        return f"refused: {in_one_line(await why_not(self.repo, refused, _AGAIN))}"
