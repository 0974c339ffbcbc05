"""`argofix_poll`, our own event: look for new versions of what repositories pin.

A tick hands on to installations and those to repositories, as `handlers.schedule.reconcile` does; each is a
delivery of its own, so that it is done once however many replicas there are.
"""

from __future__ import annotations

import logging

from bot.github.app import REPORT
from bot.github.endpoints import installations
from bot.github.events import OWN, Event, RepositoryEvent
from bot.queue.deliveries import Delivery
from bot.queue.schedule import own
from bot.server.context import Context
from handlers.proposals.bumps import settle_bumps
from handlers.repository import RepositoryContext
from handlers.routing import of_everything, of_installation, on
from handlers.schedule.reconcile import in_turn

log = logging.getLogger(__name__)

NAME = "poll"
REPOSITORIES = 200  # of an installation in one pass


@on(OWN + NAME, payload=RepositoryEvent)
async def look(event: RepositoryEvent, delivery: Delivery, context: Context) -> None:
    for outcome in await settle_bumps(await RepositoryContext.open(event, context)):
        log.info("looked for versions", extra={"component": outcome.component, "outcome": outcome.text})


@on(OWN + NAME, payload=Event, when=of_everything)
async def hand_on(event: Event, delivery: Delivery, context: Context) -> None:
    """To installations."""
    services = context.services
    for installation in await installations.listed(services.github.as_app()):
        if not installation.suspended:
            name = f"{delivery.id}/{installation.id}"
            await services.enqueue(own(name, NAME, services.clock.now(), installation=installation.id))


@on(OWN + NAME, payload=Event, when=of_installation)
async def hand_on_installation(event: Event, delivery: Delivery, context: Context) -> None:
    """To its repositories."""
    services, installation = context.services, event.installation
    github = services.github.installation(installation, None, REPORT)
    found = [each for each in await installations.repositories(github) if not each.archived]
    found.sort(key=lambda each: each.id)
    turn = int(services.clock.now() // max(1.0, services.settings.poll_interval))
    for repository, _ in in_turn(found, REPOSITORIES, turn):
        name = f"{delivery.id}/{repository.id}"
        await services.enqueue(
            own(name, NAME, services.clock.now(), installation=installation, repository=repository)
        )
