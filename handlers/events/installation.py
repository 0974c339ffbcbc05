"""`installation` and `installation_repositories`: start looking after repositories, or stop."""

from __future__ import annotations

import logging

from bot.github.app import REPORT
from bot.github.endpoints import contents, installations
from bot.github.errors import Conflict
from bot.github.events import InstallationEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from handlers.events.push import pushed
from handlers.routing import on

log = logging.getLogger(__name__)

_STARTED = frozenset({"created", "unsuspend", "added", "new_permissions_accepted"})


@on("installation", "installation_repositories", payload=InstallationEvent)
async def begin(event: InstallationEvent, delivery: Delivery, context: Context) -> None:
    """Whatever changed, tokens that were made before it are to be forgotten."""
    services = context.services
    # Tokens carry the permissions and repositories of when they were made.
    services.github.forget(event.installation)
    if event.action not in _STARTED:
        log.info("installation changed", extra={"installation": event.installation, "action": event.action})
        return
    github = services.github.installation(event.installation, None, REPORT)
    for repository in await installations.repositories(github):
        if repository.archived or (event.added and repository.full_name not in event.added):
            continue
        try:
            tip = await contents.branch_head(github, repository.full_name, repository.default_branch)
        except Conflict:
            tip = None  # it is empty
        if tip is None:
            continue
        # Named after this delivery: whoever installs anew, or grants what was lacking, wants a new look.
        name = f"installed/{delivery.id}/{repository.id}"
        await services.enqueue(pushed(name, event.installation, repository, tip, services.clock.now()))
