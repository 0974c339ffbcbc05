"""`issue_comment`: acknowledge the commands in a comment, and queue them behind the work on their repository."""

from __future__ import annotations

import asyncio

from bot.context import Context
from bot.deliveries import Delivery, delivery_of
from bot.events import COMMANDS, IssueCommentEvent
from bot.github import comments
from bot.github.errors import NotFound
from handlers.answers import wished
from handlers.desk import Desk, talking


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not isinstance(event, IssueCommentEvent):
        return
    services = context.services
    # A long comment takes a moment to read.
    if not await asyncio.to_thread(wished, event, services.identity):
        return
    desk = await Desk.open(delivery, event, context, talking(event.on_pull_request))
    try:
        await comments.react(desk.github, desk.name, event.comment.id, "eyes")
    except NotFound:
        return  # it was deleted
    own = delivery_of(f"commands/{delivery.id}", COMMANDS, delivery.payload, services.clock.now())
    await services.enqueue(own)
