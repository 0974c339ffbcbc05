"""`pull_request`: judge what merging it would give."""

from __future__ import annotations

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import PullRequestEvent
from handlers.button import keep_up
from handlers.desk import Desk
from handlers.fixes import close_all, scope_of
from handlers.pulls import evaluate_pull, leave

_EVALUATED = frozenset({"opened", "synchronize", "reopened", "ready_for_review"})
_OVER = "The pull request that this was for is closed."


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not isinstance(event, PullRequestEvent):
        return
    number = event.pull_request.number
    if event.action in _EVALUATED or (event.action == "edited" and event.base_changed):
        desk, listed = await Desk.with_pulls(delivery, event, context)
        await evaluate_pull(desk, number, listed)
        await keep_up(desk, number, listed)
        if event.before is not None:
            await leave(desk, event.before)
    elif event.action == "closed":
        await close_all(await Desk.open(delivery, event, context), scope_of(number), _OVER)
