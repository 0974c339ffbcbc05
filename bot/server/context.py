"""What a handler gets, and what a handler is. This is the seam between the server and `handlers/`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bot.fetching.fetcher import Fetcher
from bot.github.app import GitHubApp
from bot.github.endpoints.installations import AppIdentity
from bot.process.clock import Clock
from bot.process.errors import Superseded, TemporaryError
from bot.process.metrics import Metrics
from bot.queue.allowance import Allowance
from bot.queue.deliveries import Delivery, Stored
from bot.queue.uses import UsesStore
from bot.queue.waiting import Heads
from bot.registries.sources import VersionSources
from bot.rendering.driver import Engine
from bot.rendering.evaluation import LiveSource
from bot.rendering.verdicts import Verdicts
from bot.repositories.mirror import Mirrors
from bot.server.operator_faults import OperatorFaults
from bot.server.pages import Pages
from bot.server.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the server and is shared by all runs.

    `enqueue` stores a delivery of our own (`bot.queue.deliveries.delivery_of`): reconcile and schedule work goes
    through the same queue as GitHub's, hence through the same lanes. `clusters` is None when none may be read.
    """

    settings: Settings
    clock: Clock
    github: GitHubApp
    identity: AppIdentity
    mirrors: Mirrors
    engine: Engine
    metrics: Metrics
    versions: VersionSources
    fetcher: Fetcher
    enqueue: Callable[[Delivery], Awaitable[Stored]]
    pages: Pages
    uses: UsesStore
    clusters: LiveSource | None = None
    operator_faults: OperatorFaults = field(default_factory=OperatorFaults)
    heads: Heads = field(default_factory=Heads)
    allowance: Allowance = field(default_factory=Allowance)
    verdicts: Verdicts = field(default_factory=Verdicts)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt at its delivery a run is. Times are in seconds since the epoch, where nothing else is said.

    `number` counts from 1 to `most`; what does not count as an attempt (a rate limit, a shutdown) leads to another
    run of the same number. After `give_up_at` nothing that fails is tried again. `began` is when this run began and
    `limit` the seconds that it may take, by the event loop's clock.
    """

    number: int
    most: int
    give_up_at: float
    began: float
    limit: float
    clock: Clock

    def is_last(self, error: BaseException) -> bool:
        """Whether nobody comes after this run, if it fails now with `error`, to end what it leaves unfinished."""
        return self.gives_up(counts=error.counts if isinstance(error, TemporaryError) else True)

    def gives_up(self, *, counts: bool) -> bool:
        """The same for a failure that counts as an attempt, or does not."""
        return self.clock.now() > self.give_up_at or self.number - 1 + counts >= self.most

    @property
    def told(self) -> str:
        """`, after 12 attempts`, to follow what could not be done; '' for the first."""
        return f", after {self.number} attempts" if self.number > 1 else ""

    def part(self, share: float) -> float:
        """When this share of the time that the run may take is over (for `asyncio.timeout_at`)."""
        return self.began + share * self.limit


@dataclass(frozen=True, slots=True)
class Context:
    """One run of one delivery. Log with the standard library: delivery id and repository are on every line."""

    services: Services
    attempt: Attempt
    superseded: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        """Raise `Superseded` when a newer delivery of the same pull request has arrived. Call between steps."""
        if self.superseded.is_set():
            raise Superseded

    async def unless_superseded(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`, but cancel it and raise `Superseded` as soon as a newer delivery takes over."""
        task = asyncio.create_task(work)
        watch = asyncio.create_task(self.superseded.wait())
        try:
            await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Superseded
            return task.result()
        finally:
            for each in (task, watch):
                each.cancel()
            await asyncio.gather(task, watch, return_exceptions=True)


class Handler(Protocol):
    """Does what an event calls for. Registered by the event's name: `Mapping[str, Handler]`.

    It may be called several times for one delivery (after a crash, after a failure) and must then make the same state
    so, not the same change twice. How it ends:

    - it returns: the delivery is done;
    - `bot.process.errors.TemporaryError` (GitHub's limits and faults are some): again later, after `delay` or a
      back-off;
    - `bot.process.errors.PermanentError` (`NotFound`, `Forbidden`, `RepositoryGone`...): the delivery is dead,
      message kept;
    - `bot.process.errors.Superseded`: done, a newer delivery does it;
    - anything else: logged with its traceback, again later, dead after the last attempt;
    - `asyncio.CancelledError`: the server stops or the time limit struck; clean up and let it pass.

    Never two runs of one repository at a time; runs of different repositories overlap. CPU-bound or blocking work
    (rendering, reading trees) belongs into `asyncio.to_thread`.
    """

    async def __call__(self, delivery: Delivery, context: Context) -> None: ...


Handlers = Mapping[str, Handler]
