"""`pull_request`: judge what merging it would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from bot.github.events import Event, PullRequestEvent
from bot.github.model import PullRequest
from bot.process import logs
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import evaluate_pull, leave
from handlers.proposals.fixes import close_all, scope_of
from handlers.proposals.requested import keep_up
from handlers.repository import RepositoryContext

_EVALUATED = frozenset({"opened", "synchronize", "reopened", "ready_for_review"})
_OVER = "The pull request that this was for is closed."


def takes(event: Event, _app: int) -> TypeGuard[PullRequestEvent]:
    """Labels, reviewers, titles and the like change nothing of what is judged."""
    return isinstance(event, PullRequestEvent) and (event.action == "closed" or _to_be_judged(event))


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not takes(event, context.services.identity.id):
        return
    number = event.pull_request.number
    if _to_be_judged(event):
        repo, listed = await RepositoryContext.with_pulls(delivery, event, context)
        await evaluate_pull(repo, number, listed)
        await keep_up(repo, number, listed)
        if event.before is not None:
            with logs.about_pulls(number):
                await leave(repo, event.before, _others(event, listed))
    else:
        repo, listed = await RepositoryContext.with_pulls(delivery, event, context)
        await close_all(repo, scope_of(number), _OVER)
        if others := _others(event, listed):
            await leave(repo, event.pull_request.head.sha, others)


def _others(event: PullRequestEvent, listed: Sequence[PullRequest]) -> list[PullRequest]:
    """The open pull requests that end with the commit which this one has left."""
    sha = event.before or event.pull_request.head.sha
    return [each for each in listed if each.head.sha == sha and each.number != event.pull_request.number]


def _to_be_judged(event: PullRequestEvent) -> bool:
    return event.action in _EVALUATED or (event.action == "edited" and event.base_changed)
