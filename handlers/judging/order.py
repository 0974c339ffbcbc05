"""The sticky comment about the sync order: there while it is of use, one line when it no longer is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from bot.formats.order import comment as text
from bot.github.errors import RateLimited
from bot.github.model import Comment, PullRequest
from bot.github.pace import Limit
from bot.process.errors import PermanentError
from bot.queue.schedule import own
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from checks.sync_order.guidance import Guidance, guide
from handlers.repository import RepositoryContext

LATE_ORDER = "order"

log = logging.getLogger(__name__)


async def guidance_of(evaluation: Evaluation, policy: Policy) -> Guidance | None:
    """What merging makes one think about; None without a base."""
    if evaluation.base is None:
        return None
    return await asyncio.to_thread(
        guide, evaluation.base, evaluation.snapshot, policy, evaluation.live, evaluation.plans
    )


async def show_order(
    repo: RepositoryContext,
    pull: PullRequest,
    evaluation: Evaluation,
    guidance: Guidance,
    present: Sequence[Comment],
) -> None:
    """Make the comment on a pull request say what `guidance` tells. `present` are its comments.

    GitHub may refuse (a locked conversation), or enough comments may have been made for now: the check runs must not
    suffer for it. In that case it is made later (`handlers.judging.late_order`).
    """
    if tells_itself(repo, pull):
        return
    matters = bool(guidance.edges or guidance.deletions.moved) and is_deployed(repo, pull, evaluation)
    body = text.SETTLED
    if matters:
        # It reads files, to tell lines.
        body = await asyncio.to_thread(text.render, guidance, lambda span: repo.blob_url(pull.head.sha, span))
    repo.context.check()
    try:
        await repo.sticky(pull.number, mark=text.MARK, body=body, only_update=not matters, present=present)
    except RateLimited as error:
        if error.limit != Limit.CONTENT:
            raise
        await later(repo, pull, error.retry_at)
    except PermanentError as error:
        log.warning("the sync order could not be shown", extra={"pull": pull.number, "reason": str(error)})


async def later(repo: RepositoryContext, pull: PullRequest, at: float) -> None:
    """Have the comments on a pull request made `at` this time (seconds since the epoch)."""
    name = f"order/{repo.details.id}/{pull.number}/{pull.head.sha}/{at:.0f}"
    services = repo.context.services
    late = own(
        name,
        LATE_ORDER,
        services.clock.now(),
        installation=repo.installation,
        repository=repo.details,
        number=pull.number,
    )
    await services.enqueue(replace(late, not_before=at, rank=1))


def tells_itself(repo: RepositoryContext, pull: PullRequest) -> bool:
    """Whether it is a fix of ours, whose text has the order of its hand-over."""
    ours = pull.author == repo.context.services.identity.login and not pull.from_fork
    return ours and not pull.head.ref.startswith("argofix/bump/")


def is_deployed(repo: RepositoryContext, pull: PullRequest, evaluation: Evaluation) -> bool:
    """Whether merging reaches a cluster: Argo CD reads the default branch, or those that Applications name."""
    named = {s.target_revision for state in evaluation.snapshot.states for s in state.application.sources}
    return pull.base.ref == repo.details.default_branch or pull.base.ref in named
