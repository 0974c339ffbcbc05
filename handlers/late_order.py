"""`argofix_order`, our own event: a comment about the sync order for which it was not the time (`handlers.order`)."""

from __future__ import annotations

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import NumberedEvent
from bot.github import pulls
from handlers.desk import Desk
from handlers.pulls import tell_order


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if isinstance(event, NumberedEvent):
        desk = await Desk.open(delivery, event, context)
        await tell_order(desk, await pulls.get(desk.github, desk.name, event.number))
