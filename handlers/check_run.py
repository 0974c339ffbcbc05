"""`check_run`: "Re-run" and the **Fix** button."""

from __future__ import annotations

from typing import TypeGuard

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import CheckRunEvent, Event
from bot.formats import check_run
from handlers.button import fix_pull
from handlers.desk import Desk
from handlers.judging import end_runs
from handlers.pulls import evaluate_pull, pulls_of_head

_NO_PULL = "no open pull request ends with this commit any more"


def takes(event: Event, app: int) -> TypeGuard[CheckRunEvent]:
    """A button of one of our own runs. GitHub also tells of every run that any App creates or completes."""
    if not isinstance(event, CheckRunEvent) or event.app != app:
        return False
    return event.action == "rerequested" or (event.action == "requested_action" and _fix(event))


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not takes(event, context.services.identity.id):
        return
    wanted = event.action == "requested_action"
    desk = await Desk.open(delivery, event, context)
    numbers = await pulls_of_head(desk, event.head_sha)
    for number in numbers:
        if wanted:
            await fix_pull(desk, number)
        else:
            await evaluate_pull(desk, number, again=delivery.id)
    if not numbers and not wanted:
        await end_runs(desk, event.head_sha, check_run.overtaken(_NO_PULL))  # GitHub has set it back to queued


def _fix(event: CheckRunEvent) -> bool:
    return event.requested_action == check_run.FIX.identifier
