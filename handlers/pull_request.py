"""`pull_request`: judge what merging it would give."""

from __future__ import annotations

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import PullRequestEvent
from handlers.desk import Desk
from handlers.fixes import close_all
from handlers.pulls import evaluate_pull

_EVALUATED = frozenset({"opened", "synchronize", "reopened", "ready_for_review"})
_OVER = "The pull request that this was for is closed."


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not isinstance(event, PullRequestEvent):
        return
    if event.action in _EVALUATED or (event.action == "edited" and event.base_changed):
        await evaluate_pull(await Desk.open(event, context), event.pull_request.number)
    elif event.action == "closed":
        await close_all(await Desk.open(event, context), f"pr-{event.pull_request.number}/", _OVER)
