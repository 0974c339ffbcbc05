"""`check_suite`: "Re-run all checks"."""

from __future__ import annotations

from typing import TypeGuard

from bot.github.events import CheckSuiteEvent, Event
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import evaluate_pull, pulls_of_head
from handlers.repository import RepositoryContext


def takes(event: Event, app: int) -> TypeGuard[CheckSuiteEvent]:
    return isinstance(event, CheckSuiteEvent) and event.app == app and event.action == "rerequested"


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not takes(event, context.services.identity.id):
        return
    repo = await RepositoryContext.open(delivery, event, context)
    for number in await pulls_of_head(repo, event.head_sha):
        await evaluate_pull(repo, number, again=delivery.id)
