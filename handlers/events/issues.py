"""`issues`: somebody ticks a box of the checklist, or opens it again."""

from __future__ import annotations

from bot.formats.doctor.issue import MARK
from bot.github.events import IssueEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.proposals.dashboard import memory_of, show
from handlers.proposals.fixes import on_default
from handlers.proposals.ticked import obey
from handlers.repository import RepositoryContext
from handlers.routing import on


def _is_a_checklist(event: IssueEvent, _app: int) -> bool:
    """Whether a person edited what looks like ours; who opened it is looked at with the App's name at hand."""
    return not event.sender_is_bot and (MARK in event.body or MARK in (event.former or ""))


@on("issues", payload=IssueEvent, actions=("edited",), when=_is_a_checklist)
async def ticked(event: IssueEvent, delivery: Delivery, context: Context) -> None:
    await obey(await RepositoryContext.open(event, context), event)


@on("issues", payload=IssueEvent, actions=("reopened",), when=_is_a_checklist)
async def reopened(event: IssueEvent, delivery: Delivery, context: Context) -> None:
    if event.author != context.services.identity.login:
        return
    repo = await RepositoryContext.open(event, context)
    async with on_default(repo) as (tip, policy, evaluation):
        await show(repo, evaluation, policy, tip, memory=memory_of(repo, event.body))
