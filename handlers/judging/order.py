"""The sticky comment about the sync order: there while it is of use, one line when it no longer is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.formats.order import comment as text
from bot.github.model import Comment, PullRequest
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from checks.sync_order.guidance import Guidance, guide
from handlers.judging.keeping import is_deployed, keep, tells_itself
from handlers.repository import RepositoryContext


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
    """Make the comment on a pull request say what `guidance` tells. `present` are its comments."""
    if tells_itself(repo, pull):
        return
    matters = bool(guidance.edges or guidance.deletions.moved) and is_deployed(repo, pull, evaluation)
    body = text.SETTLED
    if matters:
        # It reads files, to tell lines.
        body = await asyncio.to_thread(text.render, guidance, lambda span: repo.blob_url(pull.head.sha, span))
    subject = "the sync order"
    await keep(repo, pull, mark=text.MARK, body=body, present=present, only_update=not matters, subject=subject)
