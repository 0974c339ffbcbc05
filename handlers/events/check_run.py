"""`check_run`: "Re-run" and the **Fix** button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from bot.formats.github import check_run
from bot.github.events import CheckRunEvent, Event
from bot.process.errors import PermanentError
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import evaluate_pull, pulls_of_head
from handlers.judging.runs import end_runs
from handlers.proposals.requested import answer_on_run, fix_pull
from handlers.repository import RepositoryContext

_NOTHING_OPEN = (
    "No open pull request ends with this commit, so there is none to fix. Press **Fix** on the checks of the pull "
    "request's latest commit."
)
_NO_PULL = "no open pull request ends with this commit any more"


def takes(event: Event, app: int) -> TypeGuard[CheckRunEvent]:
    """A button of one of our own runs. GitHub also tells of every run that any App creates or completes."""
    if not isinstance(event, CheckRunEvent) or event.app != app:
        return False
    return event.action == "rerequested" or (event.action == "requested_action" and _fix(event))


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not takes(event, context.services.identity.id):
        return
    wanted = event.action == "requested_action"
    repo = await RepositoryContext.open(delivery, event, context)
    numbers = await pulls_of_head(repo, event.head_sha)
    if wanted:
        await _fix_each(repo, event, numbers)
        return
    for number in numbers:
        await evaluate_pull(repo, number, again=delivery.id)
    if not numbers:
        await end_runs(repo, event.head_sha, check_run.overtaken(_NO_PULL))  # GitHub has set it back to queued


async def _fix_each(repo: RepositoryContext, event: CheckRunEvent, numbers: Sequence[int]) -> None:
    """One that fails keeps nobody else from an answer."""
    failed: Exception | None = None
    for number in numbers or [link.number for link in event.pull_requests]:
        try:
            await fix_pull(repo, number, event.check_run)
        except PermanentError as error:
            failed = failed or error
    if not numbers and not event.pull_requests:
        await answer_on_run(repo, event.check_run, _NOTHING_OPEN)
    if failed is not None:
        raise failed


def _fix(event: CheckRunEvent) -> bool:
    return event.requested_action == check_run.FIX.identifier
