"""`argofix_checklist`, our own event: look at the checklist's issue again, a while after something changed."""

from __future__ import annotations

from bot.github.events import OWN, RepositoryEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.proposals.dashboard import NAME
from handlers.proposals.ticked import look_again
from handlers.repository import RepositoryContext
from handlers.routing import on


@on(OWN + NAME, payload=RepositoryEvent)
async def look(event: RepositoryEvent, delivery: Delivery, context: Context) -> None:
    await look_again(await RepositoryContext.open(event, context))
