"""Work that nobody sends us a webhook for, given to the same queue as what GitHub sends.

A tick is a delivery whose id names its time slot (`poll/495273`), so that it is done once however many replicas
share the queue. What it finds to do for an installation or a repository it enqueues as further deliveries (`own`),
which then have that repository's lane, retries and dead-letter state like any other.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.github.events import OWN
from bot.github.model import Repository
from bot.process.clock import Clock
from bot.queue.deliveries import Delivery, Stored, StoreUnavailable, delivery_of

log = logging.getLogger(__name__)

STORE_RETRY = 30.0
_SPREAD = 5.0  # seconds over which replicas spread their look at the queue


@dataclass(frozen=True, slots=True)
class Periodic:
    """The event `argofix_<name>` every `every` seconds, 0 for never; `at_start` also whenever a server starts."""

    name: str
    every: float
    at_start: bool = False


async def keep_time(
    periodic: Periodic,
    enqueue: Callable[[Delivery], Awaitable[Stored]],
    clock: Clock,
    jitter: random.Random | None = None,
) -> None:
    """Enqueue the ticks of `periodic` until cancelled."""
    if periodic.every <= 0:
        return
    jitter = jitter or random.Random()  # noqa: S311 - nothing secret depends on it
    name = f"{periodic.name}/start/{clock.now():.3f}" if periodic.at_start else None
    while True:
        now = clock.now()
        slot = int(now // periodic.every)
        try:
            await enqueue(delivery_of(name or f"{periodic.name}/{slot}", OWN + periodic.name, b"{}", now))
        except StoreUnavailable as error:
            log.error("the schedule cannot be kept", extra={"work": periodic.name, "reason": str(error)})
            await clock.sleep(STORE_RETRY)
            continue
        name = None
        await clock.sleep((slot + 1) * periodic.every - now + jitter.uniform(0, _SPREAD))


def own(
    delivery_id: str,
    name: str,
    now: float,
    *,
    installation: int,
    repository: Repository | None = None,
    number: int | None = None,
    visit: int | None = None,
    branch: str | None = None,
    rank: int = 0,
) -> Delivery:
    """Work `argofix_<name>` for an installation, for one repository of it (by its number, a visit), for one branch
    there, or for one issue or pull request. `rank` as for a `Delivery`.

    It arrives as `bot.github.events.Event`, `RepositoryEvent`, `VisitEvent`, `BranchEvent` or `NumberedEvent`.
    Choose an id that names the work: one that is done is not done again while the store remembers it (days).
    """
    payload: dict[str, object] = {"installation": {"id": installation}}
    if repository is not None:
        payload["repository"] = repository.as_json()
    if number is not None:
        payload["number"] = number
    if visit is not None:
        payload["visit"] = visit
    if branch is not None:
        payload["branch"] = branch
    return delivery_of(delivery_id, OWN + name, json.dumps(payload).encode(), now, rank=rank)
