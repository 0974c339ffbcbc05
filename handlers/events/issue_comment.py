"""`issue_comment`: acknowledge the commands in a comment, and queue them behind the work on their repository."""

from __future__ import annotations

import asyncio
import json
import re

from bot.github.endpoints import comments
from bot.github.errors import NotFound
from bot.github.events import COMMANDS, IssueCommentEvent
from bot.github.model import Comment, Repository
from bot.queue.deliveries import Delivery, delivery_of
from bot.server.context import Context
from handlers.comments.answering import by_bot, is_about_a_word, wished
from handlers.comments.written import PREFIX
from handlers.repository import RepositoryContext, talking
from handlers.routing import on

_INSIDE = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_PLACE = re.compile(r"/(?P<what>pull|issues)/(?P<number>\d+)#")


def _may_command(event: IssueCommentEvent, app: int) -> bool:
    """Whether it does takes longer to read than GitHub is to wait for its answer."""
    return PREFIX in event.comment.body and not by_bot(event, app)


@on("issue_comment", payload=IssueCommentEvent, actions=("created", "edited"), when=_may_command)
async def acknowledge(event: IssueCommentEvent, delivery: Delivery, context: Context) -> None:
    services = context.services
    # A long comment takes a moment to read.
    if not await asyncio.to_thread(wished, event, services.identity):
        return
    repo = await RepositoryContext.open(event, context, talking(event.on_pull_request))
    try:
        await comments.react(repo.github, repo.name, event.comment.id, "eyes")
    except NotFound:
        return  # it was deleted
    # Who it is by GitHub's word decides about nothing but the order: pull requests come before anybody's wishes.
    rank = 0 if event.association in _INSIDE else 1
    own = delivery_of(f"commands/{delivery.id}", COMMANDS, delivery.payload, services.clock.now(), rank=rank)
    await services.enqueue(own)


@on("issue_comment", payload=IssueCommentEvent, actions=("edited", "deleted"), when=is_about_a_word)
async def judge_again(event: IssueCommentEvent, delivery: Delivery, context: Context) -> None:
    """In the turn of the repository, beside which a comment is looked at."""
    services = context.services
    await services.enqueue(delivery_of(f"word/{delivery.id}", COMMANDS, delivery.payload, services.clock.now()))


def commented(
    delivery_id: str, installation: int, repository: Repository, comment: Comment, now: float
) -> Delivery | None:
    """The same work as after a new comment, when no webhook told of it; None when its address names no place."""
    place = _PLACE.search(comment.html_url)
    if place is None:
        return None
    payload = {
        "action": "created",
        "issue": {"number": int(place["number"])} | ({"pull_request": {}} if place["what"] == "pull" else {}),
        "comment": comment.as_json(),
        "installation": {"id": installation},
        "repository": repository.as_json(),
        "sender": {"login": comment.author, "type": "Bot" if comment.author_is_bot else "User"},
    }
    return delivery_of(delivery_id, "issue_comment", json.dumps(payload).encode(), now)
