"""Judging pull requests: what merging one would give, held against its base."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.formats.github import check_run
from bot.formats.github.gate import Judged
from bot.formats.writing.markdown import code
from bot.github.endpoints import comments, contents, pulls, repos
from bot.github.errors import NotFound
from bot.github.model import Comment, PullRequest
from bot.process import logs
from bot.process.errors import PermanentError
from bot.rendering.verdicts import Verdict
from bot.repositories.mirror import MergeConflict
from checks.policy.file import PATH, Policy, read_policy
from gitops.facts.touched import Touched, touched
from gitops.files.effort import Exhausted
from handlers.judging.changes import look_at, show_changes
from handlers.judging.order import guidance_of, show_order
from handlers.judging.runs import OVERTAKEN, end_runs, judge, refuse, runs_of
from handlers.judging.users import Using, judged_for, users_of
from handlers.repository import RepositoryContext, fingerprint

log = logging.getLogger(__name__)

_CLOSED = "the pull request was closed before this was done"
_MOST = 5  # pull requests of one head that are judged; each is an evaluation of its own


@dataclass(frozen=True, slots=True)
class Sides:
    """The commits a pull request is judged by. `head` is what merging would give, or the pull request's own head when
    it conflicts; `base` is what it is compared with."""

    base: str
    head: str
    default: str
    notes: tuple[str, ...] = ()
    conflicts: bool = False


async def evaluate_pull(
    repo: RepositoryContext,
    number: int,
    listed: Sequence[PullRequest] | None = None,
    *,
    again: str = "",
    words: Mapping[str, str] | None = None,
) -> None:
    """Bring the check runs of a pull request's head up to date. `listed` are the open ones, where they are known.

    A check run belongs to a commit, so every open pull request of that head counts. `again` names a wish to have it
    done even if they are (a delivery's id): it is done once for each. `words` are digests of deletions that are
    being allowed on it just now, with where that was said.
    """
    if listed is None:
        listed = await pulls.listed(repo.github, repo.name)
    pull = next((each for each in listed if each.number == number), None)
    if pull is None:  # GitHub's lists may be a moment behind
        pull = await pulls.get(repo.github, repo.name, number)
    sha = pull.head.sha
    tip = await contents.branch_head(repo.github, repo.name, pull.base.ref) if pull.state == "open" else None
    if tip is None:  # closed, or GitHub is about to close it since its base branch was deleted
        if not any(each.head.sha == sha for each in listed):
            with logs.about_pulls(number):
                await end_runs(repo, sha, check_run.overtaken(_CLOSED))
        return
    tips: dict[str, str | None] = {pull.base.ref: tip}
    together = [pull, *(each for each in listed if each.head.sha == sha and each.number != number)][:_MOST]
    for each in together:
        if each.base.ref not in tips:
            tips[each.base.ref] = await contents.branch_head(repo.github, repo.name, each.base.ref)
    default = await repo.default_tip(tips)
    subjects = sorted(((each, at) for each in together if (at := tips[each.base.ref]) is not None), key=_by_number)
    users = await users_of(repo)
    names = [f"{each.number}:{each.base.ref}:{at}" for each, at in subjects]
    names += [using.name for using in users]
    refusal = next((why for each, _ in subjects if (why := repo.refusal(each)) is not None), None)

    fresh: dict[int, Verdict] = {}

    async def look(stack: AsyncExitStack) -> Sequence[Judged]:
        found = []
        for each, at in subjects:
            said = words if each.number == number else None
            judged, for_others = await _judged(repo, stack, each, at, default, said, users)
            found += [judged, *for_others] if judged.concerns_argo_cd or not for_others else for_others
            if not judged.left_open:
                fresh[each.number] = Verdict(at, default, await asyncio.to_thread(_touched, judged))
        return found

    with logs.about_pulls(*(each.number for each, _ in subjects)):
        if refusal is not None:
            # Named after the reason too: once the renderer is shut in, what was refused is judged.
            await refuse(repo, sha, fingerprint(sha, default, again, *names, refusal), check_run.refused(refusal))
            fresh = {each.number: Verdict(at, default, Touched()) for each, at in subjects}  # no push changes that
        elif not await judge(repo, sha, fingerprint(sha, default, again, *names), look):
            return
    for judged_number, verdict in fresh.items():
        repo.context.services.verdicts.keep((repo.details.id, judged_number, sha), verdict)


def _touched(judged: Judged) -> Touched:
    base, head = judged.evaluation.base, judged.evaluation.snapshot
    try:
        return Touched(everything="it has no base") if base is None else touched(base, head)
    except Exhausted:
        return Touched(everything="there was no time to see what it touches")


def numbers_of(listed: Iterable[PullRequest], sha: str) -> list[int]:
    """Those of the listed pull requests with this head commit (check events do not name those from forks)."""
    return [pull.number for pull in listed if pull.head.sha == sha]


async def sides_of(repo: RepositoryContext, pull: PullRequest) -> Sides | None:
    """The commits that a pull request is judged by; None when its base branch has gone."""
    tip = await contents.branch_head(repo.github, repo.name, pull.base.ref)
    return None if tip is None else await _sides(repo, pull, tip, await repo.default_tip({pull.base.ref: tip}))


async def judged_now(repo: RepositoryContext, stack: AsyncExitStack, pull: PullRequest) -> list[Judged]:
    """What a pull request comes to, for this repository and for those that use it, as long as the stack is open; its
    comments are brought up to date on the way. Nothing for one that nobody may look at, or whose base is gone."""
    tip = await contents.branch_head(repo.github, repo.name, pull.base.ref) if pull.state == "open" else None
    if tip is None or repo.refusal(pull) is not None:
        return []
    default = await repo.default_tip({pull.base.ref: tip})
    own, others = await _judged(repo, stack, pull, tip, default, None, await users_of(repo))
    return [own, *others]


async def leave(repo: RepositoryContext, sha: str, others: Sequence[PullRequest]) -> None:
    """A pull request does not end with the commit `sha` any more. It stays for `others`, which are judged without it;
    without any, what is unfinished there ends: an attempt may have waited for its next try when the newer commit took
    its place in the queue."""
    if others:
        await evaluate_pull(repo, others[0].number)
        return
    runs = await runs_of(repo, sha)
    unfinished = any(run.status != "completed" for run in runs.values())
    if unfinished and not numbers_of(await pulls.listed(repo.github, repo.name), sha):
        await end_runs(repo, sha, check_run.overtaken(OVERTAKEN))


async def _judged(
    repo: RepositoryContext,
    stack: AsyncExitStack,
    pull: PullRequest,
    tip: str,
    default: str,
    words: Mapping[str, str] | None,
    users: Sequence[Using],
) -> tuple[Judged, list[Judged]]:
    """A pull request by itself, and what it does to the Applications of `users`."""
    sides = await _sides(repo, pull, tip, default)
    objects = await stack.enter_async_context(repo.objects(sides.base, sides.head, sides.default))
    policy = await asyncio.to_thread(read_policy, await objects.read_tree(sides.default))
    head, base = await objects.read_tree(sides.head), await objects.read_tree(sides.base)
    stranger = repo.by_stranger(pull)
    evaluation = await repo.evaluate(head, base, policy, by_stranger=stranger, branch=pull.base.ref)
    # Before the runs end: an attempt that is cut off here finds them unfinished and does it again.
    present = await _comments(repo, pull)
    guidance = await guidance_of(evaluation, policy)
    changes = None
    if guidance is not None:
        changes = await look_at(repo, pull, guidance, policy, present or (), base=sides.base, words=words)
    compared = (sides.base, base), (sides.head, head)
    looks = [await judged_for(using, repo, stack, pull, compared, present or (), words) for using in users]
    others = [each for each in looks if each is not None]
    if present is not None and guidance is not None and changes is not None:
        shown = [(each.label, each.changes) for each in others if each.changes is not None]
        await show_changes(repo, pull, evaluation, changes, present, shown)
        await show_order(repo, pull, evaluation, guidance, present)
    judged = Judged(
        f"#{pull.number} into {code(pull.base.ref)}",
        evaluation,
        policy,
        lambda span: repo.blob_url(pull.head.sha, span),
        (*sides.notes, *_own_policy(await asyncio.to_thread(read_policy, head), policy)),
        conflicts_with=pull.base.ref if sides.conflicts else "",
        changes=changes,
    )
    return judged, others


async def _comments(repo: RepositoryContext, pull: PullRequest) -> Sequence[Comment] | None:
    """Those that are there; None where GitHub does not let us see them. The check runs must not suffer for it."""
    try:
        return await comments.listed(repo.github, repo.name, pull.number)
    except PermanentError as error:
        log.warning("no comment could be made", extra={"pull": pull.number, "reason": str(error)})
        return None


async def _sides(repo: RepositoryContext, pull: PullRequest, tip: str, default: str) -> Sides:
    return await repo.context.unless_superseded(_merged(repo, pull, tip, default))


async def _merged(repo: RepositoryContext, pull: PullRequest, tip: str, default: str) -> Sides:
    merge_base: str | None = None

    async def ask() -> str | None:
        nonlocal merge_base
        try:
            merge_base = (await repos.compare(repo.github, repo.name, tip, pull.head.sha)).merge_base
        except NotFound:
            merge_base = None  # unrelated histories
        return merge_base

    head, number = pull.head.sha, pull.number
    try:
        merged = await repo.mirror.merge(tip, head, number=number, merge_base=ask, also=[default])
        return Sides(tip, merged, default)
    except MergeConflict:
        note = "This branch conflicts with its base; argofix looked at the branch itself, not at the merge result."
        if merge_base is not None:
            await repo.mirror.fetch([merge_base])
        return Sides(merge_base or tip, pull.head.sha, default, (note,), conflicts=True)


def _by_number(subject: tuple[PullRequest, str]) -> int:
    return subject[0].number


def _own_policy(proposed: Policy, current: Policy) -> list[str]:
    """What is wrong with the configuration as this pull request leaves it (it applies only once merged)."""
    if proposed.problems == current.problems:
        return []
    return [f"{PATH} in this change, line {problem.line}: {problem.message}" for problem in proposed.problems]
