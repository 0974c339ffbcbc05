"""`push` to a branch: judge the pull requests into it again that it concerns; where it is the default branch open,
update or close the fix pull requests."""

from __future__ import annotations

import json

from bot.github.endpoints import pulls
from bot.github.events import PushEvent
from bot.github.model import Repository
from bot.queue.deliveries import Delivery, delivery_of
from bot.queue.schedule import own
from bot.server.context import Context
from handlers.judging.users import remember_uses
from handlers.proposals import additions
from handlers.proposals.bumps import keep_up
from handlers.proposals.dashboard import follow, room_of
from handlers.proposals.fixes import Target, on_default, settle
from handlers.repository import RepositoryContext
from handlers.routing import on

BASE_MOVED = "base"  # our own event (`handlers.judging.base_moved`)
_BRANCHES = "refs/heads/"
_OURS = "refs/heads/argofix/"


def _may_concern(event: PushEvent, _app: int) -> bool:
    """To a branch that pull requests may be open into, which only GitHub knows: to none that is new, nor of ours."""
    if event.after is None or not event.ref.startswith(_BRANCHES):
        return False
    return event.on_default_branch or not (event.before is None or event.ref.startswith(_OURS))


@on("push", payload=PushEvent, when=_may_concern)
async def settle_branch(event: PushEvent, delivery: Delivery, context: Context) -> None:
    branch, now = event.ref.removeprefix(_BRANCHES), context.services.clock.now()
    moved = base_moved(f"base/{delivery.id}", event.installation, event.repository, branch, now)
    await context.services.enqueue(moved)
    if not event.on_default_branch:
        return
    repo = await RepositoryContext.open(event, context)
    await settle_default(repo)
    listed = await pulls.listed(repo.github, repo.name)
    await additions.keep_up(repo, listed)
    await keep_up(repo, listed)


def base_moved(delivery_id: str, installation: int, repository: Repository, branch: str, now: float) -> Delivery:
    """Look at the pull requests into a branch (`handlers.judging.base_moved`), after those that wait for a first
    verdict."""
    return own(delivery_id, BASE_MOVED, now, installation=installation, repository=repository, branch=branch, rank=1)


async def settle_default(repo: RepositoryContext) -> None:
    """Make the fix pull requests against the default branch those of its present commit."""
    if repo.details.archived:
        return
    async with on_default(repo) as (tip, policy, evaluation):
        await remember_uses(repo, evaluation.snapshot)
        target = Target(repo.details.default_branch, tip)
        settled = await settle(repo, evaluation, policy, target, room=await room_of(repo, policy))
        await follow(repo, policy)
    settled.require()


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
