"""Every handler, found by what it is registered for (`handlers.routing.on`), and what shows that a delivery waits."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import ModuleType
from typing import Any

from bot.github.events import OWN, Event
from bot.queue.deliveries import Delivery
from bot.server.context import Context, Handlers
from handlers.comments import answering
from handlers.events import (
    check_run,
    check_suite,
    installation,
    issue_comment,
    issues,
    merge_group,
    pull_request,
    push,
)
from handlers.judging import base_moved, late_order, waiting
from handlers.routing import Route
from handlers.schedule import checklist, poll, reconcile

_MODULES = (
    pull_request, push, check_run, check_suite, issue_comment, issues, merge_group, installation,
    answering, base_moved, late_order, checklist, poll, reconcile,
)  # fmt: skip


def routes_of(modules: Iterable[ModuleType]) -> tuple[Route[Any], ...]:
    """What is registered in these modules."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Route))


ROUTES = routes_of(_MODULES)


async def _dispatch(routes: Iterable[Route[Any]], delivery: Delivery, context: Context) -> None:
    """Give the delivery to the first of these that takes it: one delivery is one handler's, which may be tried
    again."""
    event = delivery.parsed()
    for route in routes:
        if route.takes(event, context.services.identity.id):
            await route.run(event, delivery, context)
            return


HANDLERS: Handlers = {
    name: partial(_dispatch, [route for route in ROUTES if name in route.events])
    for name in dict.fromkeys(name for route in ROUTES for name in route.events)
}

SHOW_QUEUED = waiting.show_queued


def taken(event: Event, app: int) -> bool:
    """Whether a delivery from GitHub is anything to us; what is not need not be stored. `app` is our App's id."""
    return not event.name.startswith(OWN) and any(route.takes(event, app) for route in ROUTES)
