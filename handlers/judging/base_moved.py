"""`argofix_base`, our own event: a branch moved on, so those of its pull requests that this concerns are judged
again.

A green check stays on its head, while what merging gives changes with the base. So the open pull requests are asked
for once, and what the push brought is held against what each of them touches (`gitops.facts.touched`). Those that
meet it, and those that are not known here, are judged again by deliveries of their own. Nothing is asked, rendered
or written for the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from bot.github.endpoints import contents
from bot.github.errors import Conflict
from bot.github.events import OWN, BranchEvent
from bot.github.model import PullRequest
from bot.process.errors import PermanentError
from bot.queue.deliveries import Delivery
from bot.queue.schedule import own
from bot.rendering.verdicts import Subject, Verdict
from bot.repositories.trees import Repository as Objects
from bot.server.context import Context
from checks.policy.file import Policy, read_policy
from gitops.discovery.snapshot import Snapshot
from gitops.facts.touched import closes_circle, needs_of, touched
from handlers.events.push import BASE_MOVED
from handlers.repository import RepositoryContext
from handlers.routing import on
from handlers.schedule import reconcile

log = logging.getLogger(__name__)

_TIPS = 5  # commits that the branch was at when pull requests were judged; each is compared with the present one

Known = Sequence[tuple[PullRequest, Verdict]]


@on(OWN + BASE_MOVED, payload=BranchEvent)
async def judge_again(event: BranchEvent, delivery: Delivery, context: Context) -> None:
    repo, listed = await RepositoryContext.with_pulls(event, context)
    everywhere = event.branch == repo.details.default_branch  # its configuration counts for all
    pulls = [pull for pull in listed if everywhere or pull.base.ref == event.branch]
    if not pulls or repo.details.archived:
        return
    try:
        tip = await contents.branch_head(repo.github, repo.name, event.branch)
    except Conflict:
        return  # the repository is empty
    if tip is None:
        return
    default = await repo.default_tip({event.branch: tip})
    verdicts = context.services.verdicts
    found = [(pull, verdicts.get(_subject(repo, pull))) for pull in pulls]
    concerned = {pull.number: "it was not judged here before" for pull, verdict in found if verdict is None}
    concerned |= await _concerned(repo, event.branch, tip, default, [(p, v) for p, v in found if v is not None])
    for pull in pulls:
        if pull.number in concerned:
            log.info("judged again", extra={"pull": pull.number, "reason": concerned[pull.number]})
            name = f"again/{repo.details.id}/{pull.number}/{pull.head.sha}/{tip}/{default}/{delivery.id}"
            await context.services.enqueue(
                own(
                    name,
                    reconcile.NAME,
                    context.services.clock.now(),
                    installation=repo.installation,
                    repository=repo.details,
                    number=pull.number,
                    rank=1,
                )
            )
    for pull, verdict in found:
        if verdict is not None and pull.number not in concerned:
            base = tip if pull.base.ref == event.branch else verdict.base
            verdicts.keep(_subject(repo, pull), Verdict(base, default, verdict.touched))
    log.info("a branch moved on", extra={"branch": event.branch, "open": len(pulls), "again": len(concerned)})


async def _concerned(repo: RepositoryContext, branch: str, tip: str, default: str, known: Known) -> Mapping[int, str]:
    """Why pull requests are to be judged again, by their numbers."""
    concerned: dict[int, str] = {}
    former = [verdict.default for _, verdict in known] + [verdict.base for _, verdict in known]
    there = [commit for commit in dict.fromkeys(former) if await repo.mirror.has(commit)][: 2 * _TIPS]
    async with repo.objects(tip, default, *there) as objects:
        policy = await _policy(objects, default)
        for commit in dict.fromkeys(verdict.default for _, verdict in known):
            if commit != default and (commit not in there or await _policy(objects, commit) != policy):
                concerned |= {p.number: "the configuration changed" for p, v in known if v.default == commit}
        for commit in dict.fromkeys(v.base for p, v in known if p.base.ref == branch and v.base != tip):
            group = [(p, v) for p, v in known if p.base.ref == branch and v.base == commit]
            if commit in there:
                concerned |= await _meeting(repo, objects, branch, (commit, tip), policy, group)
            else:
                concerned |= {pull.number: "it was judged too long ago" for pull, _ in group}
    return concerned


async def _meeting(
    repo: RepositoryContext, objects: Objects, branch: str, commits: tuple[str, str], policy: Policy, group: Known
) -> Mapping[int, str]:
    """Which of the pull requests the move of the branch between two commits concerns, and why."""
    before, after = [await objects.read_tree(commit) for commit in commits]
    try:
        change = await repo.change(after, before, policy, branch)
    except PermanentError as error:
        return {pull.number: f"{branch} cannot be read: {error}" for pull, _ in group}
    assert change.base is not None

    def compared(base: Snapshot, head: Snapshot) -> Mapping[int, str]:
        moved = touched(base, head)
        needs = needs_of(head) if any(verdict.touched.needs for _, verdict in group) else {}
        found = {}
        for pull, verdict in group:
            why = moved.meets(verdict.touched)
            if not why and moved.needs and closes_circle(needs, verdict.touched):
                why = "together they make a circle of what Applications need"
            if why:
                found[pull.number] = why
        return found

    return await asyncio.to_thread(compared, change.base, change.head)


async def _policy(objects: Objects, commit: str) -> Policy:
    return await asyncio.to_thread(read_policy, await objects.read_tree(commit))


def _subject(repo: RepositoryContext, pull: PullRequest) -> Subject:
    return (repo.details.id, pull.number, pull.head.sha)
