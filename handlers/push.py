"""`push` to the default branch: open, update or close the fix pull requests."""

from __future__ import annotations

import asyncio
import json
from typing import TypeGuard

from bot.context import Context
from bot.deliveries import Delivery, delivery_of
from bot.events import Event, PushEvent
from bot.github.model import Repository
from checks.policy import read_policy
from handlers.bumps import keep_up
from handlers.desk import Desk
from handlers.fixes import DEFAULT, Target, chosen, settle


def takes(event: Event, _app: int) -> TypeGuard[PushEvent]:
    """Pull requests tell of their own branches."""
    return isinstance(event, PushEvent) and event.after is not None and event.on_default_branch


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not takes(event, context.services.identity.id):
        return
    desk = await Desk.open(delivery, event, context)
    await settle_default(desk)
    await keep_up(desk)


async def settle_default(desk: Desk) -> None:
    """Make the fix pull requests against the default branch those of its present commit."""
    if desk.repository.archived:
        return
    tip = await desk.default_tip()
    async with desk.objects(tip) as objects:
        tree = await objects.read_tree(tip)
        policy = await chosen(desk, DEFAULT, await asyncio.to_thread(read_policy, tree))
        evaluation = await desk.evaluate(tree, None, policy)
        await settle(desk, evaluation, policy, Target(desk.repository.default_branch, tip))


def pushed(delivery_id: str, installation: int, repository: Repository, tip: str, now: float) -> Delivery:
    """The same work as after a push of `tip` to the default branch, when no webhook told of it."""
    payload = {
        "ref": f"refs/heads/{repository.default_branch}",
        "before": "0" * 40,
        "after": tip,
        "installation": {"id": installation},
        "repository": repository.as_json(),
    }
    return delivery_of(delivery_id, "push", json.dumps(payload).encode(), now)
