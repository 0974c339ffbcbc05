"""`check_run`: "Re-run" and the **Fix** button."""

from __future__ import annotations

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import CheckRunEvent
from bot.formats import check_run
from handlers.button import fix_pull
from handlers.desk import Desk
from handlers.judging import end_runs
from handlers.pulls import evaluate_pull, pulls_of_head

_NO_PULL = "no open pull request ends with this commit any more"


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not isinstance(event, CheckRunEvent) or event.app != context.services.identity.id:
        return
    wanted = event.requested_action == check_run.FIX.identifier
    if event.action != "rerequested" and not (event.action == "requested_action" and wanted):
        return
    desk = await Desk.open(delivery, event, context)
    numbers = await pulls_of_head(desk, event.head_sha)
    for number in numbers:
        if wanted:
            await fix_pull(desk, number)
        else:
            await evaluate_pull(desk, number, again=delivery.id)
    if not numbers and not wanted:
        await end_runs(desk, event.head_sha, check_run.overtaken(_NO_PULL))  # GitHub has set it back to queued
