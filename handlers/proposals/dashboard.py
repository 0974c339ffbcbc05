"""The checklist as an issue: one in a repository, where somebody asked for it, made what it should be each time.

It is known by its mark and by who opened it, never by its title. Whether it is wanted is said by the configuration;
where that says nothing, `/argofix dashboard` opens it and closing it switches it off. A box is a request: whoever
ticks it is answered in the issue itself, and what is done is computed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.formats.doctor.issue import (
    CLOSED,
    MARK,
    RESCAN,
    TITLE,
    Shown,
    body_of,
    boxes_of,
    closed_body,
    subject_of,
    ticked_in,
)
from bot.formats.writing.markdown import code
from bot.github.app import TALK
from bot.github.client import GitHub
from bot.github.endpoints import issues, pulls, repos
from bot.github.endpoints.issues import Issue
from bot.github.events import IssueEvent
from bot.github.made_once import made_once
from bot.github.model import PullRequest
from bot.process.errors import PermanentError
from checks.judgement.checklist import checklist_of
from checks.judgement.evaluation import Evaluation
from checks.planning.ownership.plan import FixPlan
from checks.policy.file import Policy
from handlers.proposals.branches import declined, history_of, is_ours
from handlers.proposals.fixes import Target, on_default, settle
from handlers.proposals.refusals import why_not
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

_MOST_TICKS = 5  # in one edit; each may open a pull request
_AGAIN = "tick the box again"
_OFF = "`dashboard` of the configuration switches this off."


@dataclass(frozen=True, slots=True)
class _Pulls:
    """Our pull requests into the default branch, by their branches, and the plan of each fix."""

    plans: Mapping[str, FixPlan]
    opened: Mapping[str, PullRequest]
    declined: Mapping[str, PullRequest]


@dataclass(slots=True)
class _Ticks:
    """Boxes that somebody ticked, and what is to be said of each."""

    keys: Sequence[str]
    by: str
    answers: dict[str, str] = field(default_factory=dict)


async def show(
    repo: RepositoryContext,
    evaluation: Evaluation,
    policy: Policy,
    tip: str,
    *,
    asked: bool = False,
    answers: Mapping[str, str] | None = None,
) -> Issue | None:
    """Make the issue what it should be, where it is wanted; `asked` when somebody wants it now. Gives the issue where
    it is open.

    What GitHub refuses (issues that are switched off, a permission that was not granted) is only logged, unless
    somebody asked.
    """
    try:
        return await _show(repo, evaluation, policy, tip, asked, answers or {})
    except PermanentError as error:
        if asked:
            raise
        log.warning("the checklist could not be shown", extra={"reason": str(error)})
        return None


async def refresh(repo: RepositoryContext) -> None:
    """Bring the issue up to date where it is open; nothing is evaluated for any other."""
    try:
        known = await _existing(repo, _talking(repo))
    except PermanentError:
        return
    if known is not None and known.state == "open":
        async with on_default(repo) as (tip, policy, evaluation):
            await show(repo, evaluation, policy, tip)


async def _show(
    repo: RepositoryContext,
    evaluation: Evaluation,
    policy: Policy,
    tip: str,
    asked: bool,
    answers: Mapping[str, str],
) -> Issue | None:
    if repo.details.fork or repo.details.archived:
        return None
    github = _talking(repo)
    known = await _existing(repo, github)
    wanted = policy.dashboard.enabled
    if wanted is False:
        if known is not None and known.state == "open":
            await issues.update(github, repo.name, known.number, body=closed_body(known.body, _OFF), state="closed")
        return None
    if known is None and not (wanted or asked):
        return None
    if known is not None and known.state == "closed" and not asked and not (wanted and CLOSED in known.body):
        return None  # a person closed it
    if not (evaluation.snapshot.states or evaluation.snapshot.unknown):
        return None
    found = await _pulls(repo, evaluation, tip)
    shown = Shown(
        evaluation,
        await asyncio.to_thread(checklist_of, evaluation, policy),
        repo.details.default_branch,
        tip,
        found.plans,
        found.opened,
        found.declined,
        answers,
    )
    body = github.as_sent(await asyncio.to_thread(body_of, shown, lambda span: repo.blob_url(tip, span)))
    if known is None:
        return await _opened(repo, github, policy, body)
    # Somebody may have ticked a box since it was listed: what is not answered yet stays ticked.
    present = await issues.get(github, repo.name, known.number)
    body = _ticked(body, (key for key in ticked_in(present.body) if key not in answers))
    if _same(present.body, body) and present.state == "open":
        return present
    return await issues.update(
        github, repo.name, known.number, body=body, state="open" if present.state != "open" else None
    )


async def obey(repo: RepositoryContext, event: IssueEvent) -> None:
    """Do what the boxes ask for that somebody ticked, and say in the issue what became of it."""
    identity, github = repo.context.services.identity, _talking(repo)
    if event.author != identity.login:
        return
    present = await issues.get(github, repo.name, event.number)
    if present.state != "open":
        return
    keys = list(dict.fromkeys([*ticked_in(event.body, event.former or ""), *ticked_in(present.body)]))
    known = boxes_of(event.former or present.body)
    ticks = _Ticks([key for key in keys if key in known], event.sender)
    if not ticks.keys and MARK in present.body:
        return
    async with on_default(repo) as (tip, policy, evaluation):
        role = await repos.permission(repo.github, repo.name, event.sender)
        if role in repos.MAY_WRITE:
            await _fulfil(repo, evaluation, policy, tip, ticks)
        else:
            ticks.answers.update((key, f"{code(event.sender)} has no write access here.") for key in ticks.keys)
        if MARK not in present.body:
            # Somebody wiped the text; by its number it is known all the same.
            await issues.update(github, repo.name, event.number, body=MARK)
        await show(repo, evaluation, policy, tip, answers=ticks.answers)


async def _fulfil(repo: RepositoryContext, evaluation: Evaluation, policy: Policy, tip: str, ticks: _Ticks) -> None:
    target = Target(repo.details.default_branch, tip)
    plans = {target.branch(plan): plan for plan in evaluation.plans}
    by_key = {plan.key: branch for branch, plan in plans.items()}
    for place, key in enumerate(ticks.keys):
        if key == RESCAN:
            ticks.answers[key] = f"done at {code(tip[:7])}."
            continue
        subject = subject_of(key)
        branch = by_key.get(subject, "") if key.startswith("fix:") else subject
        if branch not in plans:
            ticks.answers[key] = f"there is nothing to fix any more at {code(tip[:7])}."
        elif place >= _MOST_TICKS:
            ticks.answers[key] = f"argofix opens {_MOST_TICKS} at once; {_AGAIN}."
        else:
            ticks.answers[key] = await _open(repo, evaluation, policy, target, branch)


async def _open(repo: RepositoryContext, evaluation: Evaluation, policy: Policy, target: Target, branch: str) -> str:
    """Open one fix, and tell what became of it."""
    settled = await settle(repo, evaluation, policy, target, again=branch)
    pull = next((each for each in settled.open if each.head.ref == branch), None)
    if pull is not None:
        return f"#{pull.number} is open."
    if branch in settled.taken:
        return f"the branch {code(branch)} holds commits of others. Delete or rename it, then {_AGAIN}."
    refused = next((each for each in settled.refused if each.branch == branch), None) or next(
        iter(settled.refused), None
    )
    return await why_not(repo, refused, _AGAIN) if refused is not None else "argofix could not open it."


async def _existing(repo: RepositoryContext, github: GitHub) -> Issue | None:
    listed = await issues.by(github, repo.name, repo.context.services.identity.login)
    return next((issue for issue in listed if MARK in issue.body), None)


async def _opened(repo: RepositoryContext, github: GitHub, policy: Policy, body: str) -> Issue:
    label = policy.dashboard.label
    there = bool(label) and label in await issues.labels(github, repo.name)
    return await made_once(
        lambda: issues.create(github, repo.name, TITLE, body, [label] if there else []),
        lambda: _existing(repo, github),
    )


async def _pulls(repo: RepositoryContext, evaluation: Evaluation, tip: str) -> _Pulls:
    target = Target(repo.details.default_branch, tip)
    plans = {target.branch(plan): plan for plan in evaluation.plans}
    listed = [pull for pull in await pulls.listed(repo.github, repo.name) if is_ours(repo, pull)]
    opened = {p.head.ref: p for p in listed if p.base.ref == target.base and p.head.ref.startswith("argofix/")}
    closed: dict[str, PullRequest] = {}
    for branch in plans.keys() - opened.keys():
        if (latest := declined(await history_of(repo, repo.github, branch))) is not None:
            closed[branch] = latest
    return _Pulls(plans, opened, dict(sorted(closed.items())))


def _ticked(body: str, keys: Iterable[str]) -> str:
    for key in keys:
        body = body.replace(f"- [ ] <!-- {key} -->", f"- [x] <!-- {key} -->", 1)
    return body


def _same(one: str, other: str) -> bool:
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def _talking(repo: RepositoryContext) -> GitHub:
    return repo.context.services.github.installation(repo.installation, repo.details.id, TALK)
