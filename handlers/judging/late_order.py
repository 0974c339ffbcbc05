"""`argofix_order`, our own event: comments (about changes, about the sync order) for which it was not the time
(`handlers.judging.keeping`)."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bot.github.endpoints import pulls
from bot.github.events import OWN, NumberedEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.judging.keeping import LATE_ORDER
from handlers.judging.pulls import judged_now
from handlers.repository import RepositoryContext
from handlers.routing import on


@on(OWN + LATE_ORDER, payload=NumberedEvent)
async def tell(event: NumberedEvent, delivery: Delivery, context: Context) -> None:
    repo = await RepositoryContext.open(event, context)
    async with AsyncExitStack() as stack:
        await judged_now(repo, stack, await pulls.get(repo.github, repo.name, event.number))
