"""`check_suite`: "Re-run all checks"."""

from __future__ import annotations

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import CheckSuiteEvent
from handlers.desk import Desk
from handlers.pulls import evaluate_pull, pulls_of_head


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not isinstance(event, CheckSuiteEvent) or event.app != context.services.identity.id:
        return
    if event.action != "rerequested":
        return
    desk = await Desk.open(delivery, event, context)
    for number in await pulls_of_head(desk, event.head_sha):
        await evaluate_pull(desk, number, again=delivery.id)
