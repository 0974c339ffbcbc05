"""Keeping a sticky comment on a pull request where GitHub takes one, else having it made later."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from bot.github.errors import RateLimited
from bot.github.model import Comment, PullRequest
from bot.github.pace import Limit
from bot.process.errors import PermanentError
from bot.queue.schedule import own
from checks.judgement.evaluation import Evaluation
from handlers.repository import RepositoryContext

LATE_ORDER = "order"  # our own event (`handlers.judging.late_order`)

log = logging.getLogger(__name__)


async def keep(
    repo: RepositoryContext,
    pull: PullRequest,
    *,
    mark: str,
    body: str,
    present: Sequence[Comment],
    only_update: bool,
    subject: str,
) -> None:
    """Make the comment that begins with `mark` say `body`; with `only_update` one that is there. `present` are the
    pull request's comments, `subject` what the log calls it.

    GitHub may refuse (a locked conversation), or enough comments may have been made for now: the check runs must not
    suffer for it. In the latter case it is made later.
    """
    repo.context.check()
    try:
        await repo.sticky(pull.number, mark=mark, body=body, only_update=only_update, present=present)
    except RateLimited as error:
        if error.limit != Limit.CONTENT:
            raise
        await _later(repo, pull, error.retry_at)
    except PermanentError as error:
        log.warning(f"{subject} could not be shown", extra={"pull": pull.number, "reason": str(error)})


async def _later(repo: RepositoryContext, pull: PullRequest, at: float) -> None:
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
