"""`pull_request`: judge what merging it would give."""

from __future__ import annotations

from collections.abc import Sequence

from bot.github.events import PullRequestEvent
from bot.github.model import PullRequest
from bot.process import logs
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import evaluate_pull, leave
from handlers.proposals.branches import is_ours
from handlers.proposals.dashboard import follow
from handlers.proposals.fixes import close_all, scope_of
from handlers.proposals.requested import keep_up
from handlers.repository import RepositoryContext
from handlers.routing import on

_EVALUATED = ("opened", "synchronize", "reopened", "ready_for_review", "edited")
_OVER = "The pull request that this was for is closed."


def _another_head(event: PullRequestEvent, _app: int) -> bool:
    """Titles and texts change nothing of what is judged, nor do labels and reviewers."""
    return event.action != "edited" or event.base_changed


@on("pull_request", payload=PullRequestEvent, actions=_EVALUATED, when=_another_head)
async def judge(event: PullRequestEvent, delivery: Delivery, context: Context) -> None:
    number = event.pull_request.number
    repo, listed = await RepositoryContext.with_pulls(event, context)
    await evaluate_pull(repo, number, listed)
    await keep_up(repo, number, listed)
    if event.before is not None:
        with logs.about_pulls(number):
            await leave(repo, event.before, _others(event, listed))


@on("pull_request", payload=PullRequestEvent, actions=("closed",))
async def end(event: PullRequestEvent, delivery: Delivery, context: Context) -> None:
    repo, listed = await RepositoryContext.with_pulls(event, context)
    await close_all(repo, scope_of(event.pull_request.number), _OVER, listed)
    if others := _others(event, listed):
        await leave(repo, event.pull_request.head.sha, others)
    closed = event.pull_request
    if is_ours(repo, closed) and not closed.merged and closed.base.ref == repo.details.default_branch:
        await follow(repo)  # a merge is told by the push that it is


def _others(event: PullRequestEvent, listed: Sequence[PullRequest]) -> list[PullRequest]:
    """The open pull requests that end with the commit which this one has left."""
    sha = event.before or event.pull_request.head.sha
    return [each for each in listed if each.head.sha == sha and each.number != event.pull_request.number]
