"""What merging a pull request changes: looked at once, for its check run and for the sticky comment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from bot.formats.changes import html
from bot.formats.github import changes as text
from bot.formats.github.changes import Shown
from bot.github.endpoints import comments
from bot.github.events import MergeGroupEvent
from bot.github.model import Comment, PullRequest
from bot.queue.deliveries import StoreUnavailable
from checks.changes.firewall import Firewall, firewall_of
from checks.changes.live import questions, with_live
from checks.changes.remedies import Remedy, remedies_of
from checks.changes.view import Changes, changes_after
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from checks.sync_order.guidance import Guidance
from gitops.discovery.record import Record
from handlers.judging.allowed import allowed
from handlers.judging.keeping import is_deployed, keep, tells_itself
from handlers.judging.order import guidance_of
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)


async def look_at(
    repo: RepositoryContext,
    pull: PullRequest,
    guidance: Guidance,
    policy: Policy,
    present: Sequence[Comment],
    *,
    base: str,
    words: Mapping[str, str] | None = None,
    places: RepositoryContext | None = None,
) -> Shown:
    """What the pull request does where it is merged. `present` are its comments, `base` the commit it was compared
    with (of `places`, where that is another repository), `words` as for `handlers.judging.pulls.evaluate_pull`."""
    changes, wall = await asyncio.to_thread(_looked, guidance, policy)
    changes = await with_clusters(repo, pull, changes)
    if wall.held:
        said = await allowed(repo, pull.number, pull.base.ref, wall.digest, present)
        words = {**said, **(words or {})}
    remedies: tuple[Remedy, ...] = ()
    if wall.holds(words or {}) and places is None:  # those are edits of this repository
        remedies = await _remedies(repo, pull, guidance, changes, wall, policy)
    page = "" if changes.is_empty else await _page(repo, changes, pull.head.sha, base)
    return Shown(
        changes, wall, lambda span: (places or repo).blob_url(base, span), words or {}, page, remedies=remedies
    )


async def with_clusters(repo: RepositoryContext, pull: PullRequest, changes: Changes) -> Changes:
    """The same with what live objects show; strangers learn nothing of them."""
    stranger = repo.by_stranger(pull)
    asked = () if stranger else await asyncio.to_thread(questions, changes)
    return with_live(changes, await repo.live_differences(asked, by_stranger=stranger))


async def _remedies(
    repo: RepositoryContext,
    pull: PullRequest,
    guidance: Guidance,
    changes: Changes,
    wall: Firewall,
    policy: Policy,
) -> tuple[Remedy, ...]:
    """What could be merged first, so that this deletes less; nothing where the head's snapshot is not whole."""
    record = guidance.head.record
    if not isinstance(record, Record):
        return ()
    asking = remedies_of(changes, wall, record.given, policy)
    async with repo.fetching(by_stranger=repo.by_stranger(pull)) as outside:
        return await repo.context.unless_superseded(repo.context.services.engine.drive(asking, outside=outside))


async def _page(repo: RepositoryContext, changes: Changes, head: str, base: str) -> str:
    """The address of a page with all of it; '' where browsers do not reach this server."""
    pages = repo.context.services.pages
    if not pages.public_url:
        return ""
    try:
        return await pages.publish(await asyncio.to_thread(html.render, changes, head, base)) or ""
    except StoreUnavailable as error:
        log.warning("the page about changes could not be kept", extra={"reason": str(error)})
        return ""


async def look_at_queued(
    repo: RepositoryContext, event: MergeGroupEvent, evaluation: Evaluation, policy: Policy
) -> Shown | None:
    """The same for what a merge queue is about to merge. What was allowed on its pull request is allowed here, as
    far as it is exactly the same: upon what stands before it in the queue it may delete something else."""
    guidance = await guidance_of(evaluation, policy)
    if guidance is None:
        return None
    changes, wall = await asyncio.to_thread(_looked, guidance, policy)
    words: dict[str, str] = {}
    if wall.held and event.number:
        present = await comments.listed(repo.github, repo.name, event.number)
        branch = event.base_ref.removeprefix("refs/heads/")
        words = await allowed(repo, event.number, branch, wall.digest, present)
    return Shown(changes, wall, lambda span: repo.blob_url(event.base, span), words, queued=event.number)


def _looked(guidance: Guidance, policy: Policy) -> tuple[Changes, Firewall]:
    changes = changes_after(guidance.base, guidance.head, policy, guidance.deletions)
    return changes, firewall_of(changes, policy)


async def show_changes(
    repo: RepositoryContext,
    pull: PullRequest,
    evaluation: Evaluation,
    shown: Shown,
    present: Sequence[Comment],
    others: Sequence[tuple[str, Shown]] = (),
) -> None:
    """Make the comment say it, and what it does for the Applications of `others`, by what those are called
    (Markdown)."""
    if tells_itself(repo, pull):
        return
    # Which Applications of other repositories follow this branch is not known, so that deletions are held anyway.
    matters = shown.speaks and (shown.is_held or is_deployed(repo, pull, evaluation))
    told = [*([("", shown)] if matters else []), *((name, one) for name, one in others if one.speaks)]
    matters = bool(told)
    body = await asyncio.to_thread(text.comment, told) if matters else text.NOTHING
    subject = "what merging changes"
    await keep(repo, pull, mark=text.MARK, body=body, present=present, only_update=not matters, subject=subject)
