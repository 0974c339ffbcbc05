"""Takes deliveries from the store and runs their handlers: one at a time per repository, repositories side by side.

The store is the truth about what is queued; this process only adds what a database cannot hold: the event that tells
a running handler that it was overtaken, and the wake-up when something new came in. Where several servers share a
store, each has a worker, and the store tells it what the others did (`bot.queue.deliveries.Watcher`).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.process import logs
from bot.process.clock import Clock, backoff
from bot.process.errors import PermanentError, Superseded, TemporaryError, causes
from bot.process.metrics import Metrics
from bot.process.tenants import working_for
from bot.queue.deliveries import Delivery, DeliveryStore, State, Stored, StoreUnavailable
from bot.queue.waiting import Waiting
from bot.server.context import Attempt, Context, Handlers, Services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds."""

    concurrency: int = 4
    attempts: int = 12  # with the back-off below: spread over more than an hour; each crash of the server counts too
    first_delay: float = 5.0
    longest_delay: float = 1200.0
    give_up_after: float = 24 * 3600.0  # since acceptance, whatever the attempts
    run_limit: float = 1800.0
    patience: float = 60.0  # in which a run that is over may clean up
    store_retry: float = 5.0  # while the database does not answer
    keep_done: float = 4 * 24 * 3600.0  # GitHub redelivers for 3 days
    keep_dead: float = 30 * 24 * 3600.0


@dataclass(slots=True)
class _Run:
    context: Context
    since: float
    task: asyncio.Task[None] | None = None
    handling: bool = True  # else its outcome is being written
    lost: bool = False


@dataclass(slots=True)
class Worker:
    """`accept` takes new deliveries, `run` works until `stop`. `services` may be set until `run` is called."""

    store: DeliveryStore
    handlers: Handlers
    clock: Clock
    metrics: Metrics
    make_services: Callable[[], Services]
    limits: Limits = field(default_factory=Limits)
    jitter: random.Random = field(default_factory=random.Random)
    waiting: Waiting = field(default_factory=Waiting)
    _running: dict[str, _Run] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _store_problem: str | None = "the queue has not been read yet"

    async def accept(self, delivery: Delivery) -> Stored:
        """Store a delivery and make sure that it is seen. Raises `StoreUnavailable`."""
        stored = await self.store.store(delivery)
        for overtaken in stored.overtaken:
            self.overtaken(overtaken)
        if not stored.already_processed:
            self.waiting.add(delivery, self.clock.now())
            self._wake.set()
        return stored

    def changed(self) -> None:
        """The store has news (`bot.queue.deliveries.Watcher`)."""
        self._wake.set()

    def overtaken(self, delivery_id: str) -> None:
        """A newer delivery makes this one pointless, if it runs here."""
        if delivery_id in self._running:
            self._running[delivery_id].context.superseded.set()

    def lost(self) -> None:
        """Others count this server as dead and take up its work: end every run before its next step."""
        for run in self._running.values():
            if run.handling and run.task is not None:
                run.lost = True
                run.task.cancel()

    def problem(self) -> str | None:
        """Why no work is being done, for /readyz; None when it is."""
        if self._stopping:
            return "the server is stopping"
        if self._store_problem is None and len(self.overdue) >= self.limits.concurrency:
            return f"every run has gone on for longer than its limit of {self.limits.run_limit:,.0f} s"
        return self._store_problem

    @property
    def overdue(self) -> tuple[str, ...]:
        """Ids of the deliveries whose runs go on although their time is long over."""
        end = self.clock.now() - self.limits.run_limit - self.limits.patience
        return tuple(delivery_id for delivery_id, run in self._running.items() if run.since < end)

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the deliveries at work."""
        return tuple(self._running)

    async def run(self) -> None:
        """Recover what the last process left, then work until `stop`. Returns when every run has ended."""
        services = self.make_services()
        await self._insist(self._recover)
        watch = asyncio.create_task(self.store.watch(self.clock, self), name="watch the store")
        try:
            while not self._stopping:
                self._wake.clear()
                free = self.limits.concurrency - len(self._running)
                try:
                    taken = await self.store.take(free, self.clock.now()) if free > 0 else ()
                    # Before anything else is awaited: `accept` must find these runs when it overtakes one.
                    for delivery in taken:
                        self._start(delivery, services)
                    due = await self.store.next_due(self.clock.now()) if len(taken) < free else None
                    self._store_problem = None
                except StoreUnavailable as error:
                    self._store_problem, due = str(error), self.clock.now() + self.limits.store_retry
                await self._until(due)
        finally:
            tasks = [run.task for run in self._running.values() if run.task]
            for task in tasks:
                if not self._stopping:  # this very coroutine was cancelled
                    task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def stop(self, grace: float = 20.0) -> None:
        """Take nothing new, let running work end for `grace` seconds, then cancel it and queue it again."""
        self._stopping = True
        self._wake.set()
        tasks = [run.task for run in self._running.values() if run.task]
        if not tasks:
            return
        timer = asyncio.create_task(self.clock.sleep(grace))
        everything = asyncio.ensure_future(asyncio.wait(tasks))
        try:
            await asyncio.wait((timer, everything), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        finally:
            timer.cancel()
            await asyncio.gather(timer, everything, return_exceptions=True)

    async def housekeeping(self) -> None:
        """Forget what ended long ago and bring the queue's figures up to date. Cheap; call every minute or so."""
        now = self.clock.now()
        await self.store.expire(done_before=now - self.limits.keep_done, dead_before=now - self.limits.keep_dead)
        for state, count in (await self.store.counts()).items():
            self.metrics.queue.labels(state.value).set(count)
        oldest = await self.store.oldest_queued()
        self.metrics.queue_age.set(0 if oldest is None else max(0.0, now - oldest))

    async def _recover(self) -> None:
        count = await self.store.recover()
        if count:
            log.info("queued again what the last server left", extra={"deliveries": count})

    async def _until(self, due: float | None) -> None:
        """Wait for news, or until `due`."""
        if self._wake.is_set() or due is None:
            await self._wake.wait()
            return
        timer = asyncio.create_task(self.clock.sleep(max(0.0, due - self.clock.now())))
        news = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait((timer, news), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (timer, news):
                task.cancel()
            await asyncio.gather(timer, news, return_exceptions=True)

    def _start(self, delivery: Delivery, services: Services) -> None:
        self.waiting.begun(delivery.id)
        run = _Run(Context(services, self._attempt(delivery)), self.clock.now())
        self._running[delivery.id] = run
        run.task = asyncio.create_task(self._process(delivery, run), name=f"delivery {delivery.id}")

    async def _process(self, delivery: Delivery, run: _Run) -> None:
        started = self.clock.now()
        if delivery.attempts == 0:
            self.metrics.wait_seconds.observe(max(0.0, started - delivery.received_at))
        about = logs.about(delivery_id=delivery.id, repository_name=delivery.repository or None)
        with about, working_for(delivery.lane):
            try:
                settle, result = await self._outcome(delivery, run.context)
                run.handling = False
                if run.lost:
                    result = "lost"
                self.metrics.runs.labels(delivery.event, result).inc()
                self.metrics.run_seconds.labels(delivery.event).observe(max(0.0, self.clock.now() - started))
                told = {"event": delivery.event, "result": result, "attempt": run.context.attempt.number}
                log.info("run ended", extra=told)
                if not run.lost:
                    await self._insist(settle)
            finally:
                del self._running[delivery.id]
                self._wake.set()

    async def _outcome(self, delivery: Delivery, context: Context) -> tuple[Callable[[], Awaitable[None]], str]:
        """Run the handler. Gives what to write into the store about it, and the word for the metrics."""
        handler = self.handlers.get(delivery.event)
        try:
            if handler is not None:
                async with asyncio.timeout(self.limits.run_limit):
                    await handler(delivery, context)
            return self._end(delivery, State.DONE, "ok"), "ok"
        except Superseded:
            return self._end(delivery, State.DONE, "superseded"), "superseded"
        except asyncio.CancelledError:
            # `stop` ran out of patience. The next server begins anew, and the attempt is not held against it.
            return self._back(delivery, 0.0, delivery.attempts, "the server stopped"), "returned"
        except Exception as error:
            return self._failed(delivery, causes(error), context.attempt)

    def _failed(
        self, delivery: Delivery, errors: Sequence[BaseException], attempt: Attempt
    ) -> tuple[Callable[[], Awaitable[None]], str]:
        """What follows from an error, or from several that came together: the gravest decides."""
        mistakes = [error for error in errors if not isinstance(error, PermanentError | TemporaryError)]
        for error in mistakes:
            log.error("the handler failed", extra={"reason": _words(error)}, exc_info=error)
        if mistakes:
            return self._again(delivery, errors, attempt, counts=True, delay=None)
        if any(isinstance(error, PermanentError) for error in errors):
            log.warning("gave up: trying again cannot help", extra={"reason": _all_words(errors)})
            return self._end(delivery, State.DEAD, _all_words(errors)), "dead"
        temporary = [error for error in errors if isinstance(error, TemporaryError)]
        counts = any(error.counts for error in temporary)
        delay = max((error.delay for error in temporary if error.delay is not None), default=None)
        return self._again(delivery, errors, attempt, counts=counts, delay=delay)

    def _again(
        self,
        delivery: Delivery,
        errors: Sequence[BaseException],
        attempt: Attempt,
        *,
        counts: bool,
        delay: float | None,
    ) -> tuple[Callable[[], Awaitable[None]], str]:
        now, reason = self.clock.now(), _all_words(errors)
        attempts = delivery.attempts + counts
        if attempt.gives_up(counts=counts):
            log.error("gave up after the last attempt", extra={"attempts": attempts, "reason": reason})
            return self._end(delivery, State.DEAD, reason), "dead"
        pause = backoff(
            max(1, attempts), base=self.limits.first_delay, cap=self.limits.longest_delay, jitter=self.jitter
        )
        # What the other side named is a minimum; the jitter keeps all of us from coming back in the same second.
        wait = pause if delay is None else delay + self.jitter.uniform(0, self.limits.first_delay)
        log.warning("will try again", extra={"attempts": attempts, "wait": round(wait, 1), "reason": reason})
        self.waiting.add(delivery, now)
        return self._back(delivery, now + wait, attempts, reason), "retried" if counts else "limited"

    def _attempt(self, delivery: Delivery) -> Attempt:
        """The attempt that begins now."""
        return Attempt(
            number=delivery.attempts + 1,
            most=self.limits.attempts,
            give_up_at=delivery.received_at + self.limits.give_up_after,
            began=asyncio.get_running_loop().time(),
            limit=self.limits.run_limit,
            clock=self.clock,
        )

    def _end(self, delivery: Delivery, state: State, result: str) -> Callable[[], Awaitable[None]]:
        return lambda: self.store.finish(delivery.id, state, now=self.clock.now(), result=result)

    def _back(
        self, delivery: Delivery, not_before: float, attempts: int, result: str
    ) -> Callable[[], Awaitable[None]]:
        return lambda: self.store.give_back(delivery.id, not_before=not_before, attempts=attempts, result=result)

    async def _insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write until the database takes it. Given up when stopping: the next start finds the delivery running."""
        while True:
            try:
                await write()
            except StoreUnavailable as error:
                self._store_problem = str(error)
                log.error("the delivery store does not answer", extra={"reason": str(error)})
                if self._stopping:
                    return
                await self.clock.sleep(self.limits.store_retry)
            else:
                return


def _all_words(errors: Sequence[BaseException]) -> str:
    return "; ".join(dict.fromkeys(map(_words, errors)))


def _words(error: BaseException) -> str:
    text = str(error)
    return logs.redact(
        text if isinstance(error, PermanentError | TemporaryError) else f"{type(error).__name__}: {text}"
    )
