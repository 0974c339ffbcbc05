"""`check_suite`: "Re-run all checks"."""

from __future__ import annotations

from bot.github.events import CheckSuiteEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import evaluate_pull, numbers_of
from handlers.repository import RepositoryContext
from handlers.routing import on


def _of_ours(event: CheckSuiteEvent, app: int) -> bool:
    return event.app == app


@on("check_suite", payload=CheckSuiteEvent, actions=("rerequested",), when=_of_ours)
async def judge_again(event: CheckSuiteEvent, delivery: Delivery, context: Context) -> None:
    repo, listed = await RepositoryContext.with_pulls(event, context)
    for number in numbers_of(listed, event.head_sha):
        await evaluate_pull(repo, number, listed, again=delivery.id)
