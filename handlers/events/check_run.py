"""`check_run`: "Re-run" and the **Fix** button."""

from __future__ import annotations

from bot.formats.github import check_run
from bot.github.events import CheckRunEvent
from bot.process.errors import PermanentError
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import evaluate_pull, numbers_of
from handlers.judging.runs import end_runs
from handlers.proposals.requested import answer_on_run, fix_pull
from handlers.repository import RepositoryContext
from handlers.routing import on

_NOTHING_OPEN = (
    "No open pull request ends with this commit, so there is none to fix. Press **Fix** on the checks of the pull "
    "request's latest commit."
)
_NO_PULL = "no open pull request ends with this commit any more"


def _of_ours(event: CheckRunEvent, app: int) -> bool:
    """GitHub also tells of every run that any App creates or completes."""
    return event.app == app


def _fix_button(event: CheckRunEvent, app: int) -> bool:
    return _of_ours(event, app) and event.requested_action == check_run.FIX.identifier


@on("check_run", payload=CheckRunEvent, actions=("rerequested",), when=_of_ours)
async def judge_again(event: CheckRunEvent, delivery: Delivery, context: Context) -> None:
    repo, listed = await RepositoryContext.with_pulls(event, context)
    numbers = numbers_of(listed, event.head_sha)
    for number in numbers:
        await evaluate_pull(repo, number, listed, again=delivery.id)
    if not numbers:
        await end_runs(repo, event.head_sha, check_run.overtaken(_NO_PULL))  # GitHub has set it back to queued


@on("check_run", payload=CheckRunEvent, actions=("requested_action",), when=_fix_button)
async def fix_each(event: CheckRunEvent, delivery: Delivery, context: Context) -> None:
    """One that fails keeps nobody else from an answer."""
    repo, listed = await RepositoryContext.with_pulls(event, context)
    numbers = numbers_of(listed, event.head_sha)
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
