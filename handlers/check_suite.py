"""`check_suite`: "Re-run all checks"."""

from __future__ import annotations

from typing import TypeGuard

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import CheckSuiteEvent, Event
from handlers.desk import Desk
from handlers.pulls import evaluate_pull, pulls_of_head


def takes(event: Event, app: int) -> TypeGuard[CheckSuiteEvent]:
    return isinstance(event, CheckSuiteEvent) and event.app == app and event.action == "rerequested"


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not takes(event, context.services.identity.id):
        return
    desk = await Desk.open(delivery, event, context)
    for number in await pulls_of_head(desk, event.head_sha):
        await evaluate_pull(desk, number, again=delivery.id)
