"""`argofix_order`, our own event: a comment about the sync order for which it was not the time
(`handlers.judging.order`)."""

from __future__ import annotations

from bot.github.endpoints import pulls
from bot.github.events import NumberedEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.pulls import tell_order
from handlers.repository import RepositoryContext


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if isinstance(event, NumberedEvent):
        repo = await RepositoryContext.open(delivery, event, context)
        await tell_order(repo, await pulls.get(repo.github, repo.name, event.number))
