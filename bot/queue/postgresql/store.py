"""A `DeliveryStore` on PostgreSQL through procrastinate. Several servers share it; one may die at any time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.jobs import Notification
from procrastinate.manager import JobManager

from bot.process.clock import Clock
from bot.queue.deliveries import Delivery, State, Stored, StoreUnavailable, Watcher
from bot.queue.pages import Page
from bot.queue.postgresql import connection, intake, pages, uses, work
from bot.queue.postgresql.transaction import BARE, COLUMNS, QUEUE, Transaction, read
from bot.queue.uses import User

GROUP = 500  # deliveries in one transaction at most
GROUP_BYTES = 32 * 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Seconds. A server's work is taken up `dead_after` its last sign of life, at the next sign of another one.

    It ends its runs by itself before that, `own_until` its last sign, whether it was cut off or stood still.
    """

    every: float = 4.0
    own_until: float = 12.0
    dead_after: float = 20.0


class PostgresqlStore:
    """Made by `open`. Of one process, `recover` makes a server of it: it may take deliveries from then on."""

    def __init__(self, pool: connection.Pool, heartbeat: Heartbeat) -> None:
        self._pool = pool
        self._heartbeat = heartbeat
        self._worker: int | None = None
        self._last_sign = 0.0
        self._claims: dict[str, work.Claim] = {}
        self._waiting: list[tuple[Delivery, asyncio.Future[Stored]]] = []
        self._storing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, *, create: bool = True, heartbeat: Heartbeat | None = None) -> PostgresqlStore:
        """Connect, and make the tables if need be and allowed. Raises `StoreUnavailable`."""
        pool = await connection.opened(url, create=create)
        return cls(pool, heartbeat or Heartbeat())

    async def store(self, delivery: Delivery) -> Stored:
        """All that wait at the same time share one transaction."""
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, future))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_waiting(), name="store deliveries")
        return await future

    async def take(self, limit: int, now: float) -> Sequence[Delivery]:
        if self._worker is None:
            raise StoreUnavailable("this server is not known to the others yet")
        async with self._transaction() as tx:
            taken = await work.take(tx, limit, self._worker)
        self._claims.update({delivery.id: claim for claim, delivery in taken.items()})
        return list(taken.values())

    async def finish(self, delivery_id: str, state: State, *, now: float, result: str) -> None:
        if (claim := self._claims.get(delivery_id)) is not None:
            async with self._transaction() as tx:
                await work.finish(tx, claim, delivery_id, state, now, result)
            self._claims.pop(delivery_id, None)

    async def give_back(self, delivery_id: str, *, not_before: float, attempts: int, result: str) -> None:
        if (claim := self._claims.get(delivery_id)) is not None:
            async with self._transaction() as tx:
                await work.give_back(tx, claim, delivery_id, not_before, attempts, result)
            self._claims.pop(delivery_id, None)

    async def next_due(self, now: float) -> float | None:
        """By the database's clock. Never at once: what is due but was not taken is in another server's hands."""
        async with self._transaction() as tx:
            ((wait,),) = await tx.rows(
                "SELECT extract(epoch FROM min(coalesce(scheduled_at, now())) - now())::float8"
                " FROM procrastinate_jobs WHERE queue_name = %s AND status = 'todo'",
                QUEUE,
            )
        return None if wait is None else now + max(0.1, wait)

    async def recover(self) -> int:
        async with self._transaction() as tx:
            self._worker = await tx.jobs.register_worker()
            return await work.rescue(tx, self._heartbeat.dead_after)

    async def watch(self, clock: Clock, watcher: Watcher) -> None:
        self._last_sign = clock.now()
        loops = (self._guard, self._beat, self._listen)
        tasks = [asyncio.create_task(loop(clock, watcher), name=f"store {loop.__name__}") for loop in loops]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def get(self, delivery_id: str) -> Delivery | None:
        async with self._transaction() as tx:
            rows = await tx.rows(f"SELECT {COLUMNS} FROM argofix_deliveries WHERE id = %s", delivery_id)  # noqa: S608
        return read(rows[0]) if rows else None

    async def listed(self, states: Collection[State], limit: int = 100) -> Sequence[Delivery]:
        async with self._transaction() as tx:
            rows = await tx.rows(
                f"SELECT {BARE} FROM argofix_deliveries WHERE state = ANY(%s) ORDER BY seq DESC LIMIT %s",  # noqa: S608
                [state.value for state in states],
                limit,
            )
        return [read(row) for row in rows]

    async def retry(self, delivery_id: str) -> bool:
        async with self._transaction() as tx:
            return await intake.retry(tx, delivery_id)

    async def counts(self) -> Mapping[State, int]:
        async with self._transaction() as tx:
            found: dict[str, int] = dict(
                await tx.rows("SELECT state, count(*) FROM argofix_deliveries GROUP BY state")
            )
        return {state: found.get(state.value, 0) for state in State}

    async def oldest_queued(self) -> float | None:
        async with self._transaction() as tx:
            ((oldest,),) = await tx.rows("SELECT min(received_at) FROM argofix_deliveries WHERE state = 'queued'")
        return None if oldest is None else float(oldest)

    async def expire(self, *, done_before: float, dead_before: float) -> int:
        async with self._transaction() as tx:
            return await tx.change(
                "DELETE FROM argofix_deliveries WHERE (state = 'done' AND finished_at < %s)"
                " OR (state = 'dead' AND finished_at < %s)",
                done_before,
                dead_before,
            )

    async def oldest(self, limit: int) -> Sequence[Delivery]:
        async with self._transaction() as tx:
            rows = await tx.rows(f"SELECT {COLUMNS} FROM argofix_deliveries ORDER BY seq LIMIT %s", limit)  # noqa: S608
        return [read(row) for row in rows]

    async def adopt(self, deliveries: Sequence[Delivery]) -> None:
        async with self._transaction() as tx:
            await intake.adopt(tx, deliveries)

    async def forget(self, delivery_ids: Collection[str]) -> None:
        async with self._transaction() as tx:
            await intake.forget(tx, delivery_ids)

    async def keep_page(self, page: Page) -> None:
        async with self._transaction() as tx:
            await pages.keep(tx, page)

    async def page(self, name: str, now: float) -> Page | None:
        async with self._transaction() as tx:
            return await pages.find(tx, name, now)

    async def keep_uses(self, installation: int, user: User, used: Collection[str]) -> None:
        async with self._transaction() as tx:
            await uses.keep(tx, installation, user, used)

    async def users_of(self, installation: int, used: str, most: int) -> Sequence[User]:
        async with self._transaction() as tx:
            return await uses.users(tx, installation, used, most)

    async def servers(self) -> int:
        """How many others gave a sign of life lately."""
        async with self._transaction() as tx:
            ((count,),) = await tx.rows(
                "SELECT count(*) FROM procrastinate_workers WHERE id IS DISTINCT FROM %s"
                " AND last_heartbeat > now() - make_interval(secs => %s)",
                self._worker,
                self._heartbeat.dead_after,
            )
        return int(count)

    async def close(self) -> None:
        """Finish what was asked for and sign off, so that others need not wait for what is left running."""
        if self._storing is not None:
            await self._storing
        if self._worker is not None:
            with contextlib.suppress(StoreUnavailable):
                async with self._transaction() as tx:
                    await tx.jobs.unregister_worker(self._worker)
        await self._pool.close()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        with connection.unavailable():
            async with self._pool.connection() as borrowed:
                yield Transaction(borrowed)

    async def _store_waiting(self) -> None:
        while self._waiting:
            size, count = 0, 0
            while count < min(GROUP, len(self._waiting)) and (size < GROUP_BYTES or count == 0):
                size += len(self._waiting[count][0].payload)
                count += 1
            group, self._waiting = self._waiting[:count], self._waiting[count:]
            await self._store_group(group)

    async def _store_group(self, group: Sequence[tuple[Delivery, asyncio.Future[Stored]]]) -> None:
        try:
            async with self._transaction() as tx:
                results = await intake.store(tx, [delivery for delivery, _ in group])
        except StoreUnavailable as error:
            if len(group) > 1 and not isinstance(error.__cause__, psycopg.OperationalError):
                # One of them spoilt it for the others: each on its own now, so that only that one fails.
                for each in group:
                    await self._store_group([each])
                return
            for _, future in group:
                if not future.done():
                    future.set_exception(StoreUnavailable(str(error)))
        else:
            for (_, future), result in zip(group, results, strict=True):
                if not future.done():  # else its caller was cancelled
                    future.set_result(result)

    async def _guard(self, clock: Clock, watcher: Watcher) -> None:
        """Give up what is ours before others take it, whatever the database or this process is busy with."""
        while True:
            await clock.sleep(1.0)
            if clock.now() - self._last_sign > self._heartbeat.own_until:
                self._drop(watcher)

    async def _beat(self, clock: Clock, watcher: Watcher) -> None:
        while True:
            await clock.sleep(self._heartbeat.every)
            with contextlib.suppress(StoreUnavailable):  # `take` says it too
                now = clock.now()
                if self._worker is not None and not await self._sign_of_life(self._worker):
                    self._drop(watcher)
                if self._worker is None:
                    await self.recover()
                self._last_sign = now
                await self._look_around(watcher)

    def _drop(self, watcher: Watcher) -> None:
        if self._worker is not None:
            log.error("this server counts as dead to the others; it ends its runs and begins anew")
            self._worker = None
            watcher.lost()

    async def _sign_of_life(self, worker: int) -> bool:
        """False when others have counted us as dead."""
        async with self._transaction() as tx:
            await tx.jobs.update_heartbeat(worker)
            return bool(await tx.rows("SELECT FROM procrastinate_workers WHERE id = %s", worker))

    async def _look_around(self, watcher: Watcher) -> None:
        """What notifications tell, for those that were missed, and what dead servers left."""
        async with self._transaction() as tx:
            await work.rescue(tx, self._heartbeat.dead_after)
            aborted = await tx.jobs.list_jobs_to_abort_async(QUEUE)
        self._tell_overtaken(set(aborted), watcher)
        watcher.changed()

    async def _listen(self, clock: Clock, watcher: Watcher) -> None:
        async def heard(*, channel: str, notification: Notification) -> None:
            if notification["type"] == "abort_job_requested":
                self._tell_overtaken({notification["job_id"]}, watcher)
            else:
                watcher.changed()

        connector = PsycopgConnector()
        await connector.open_async(self._pool)
        while True:
            with contextlib.suppress(StoreUnavailable), connection.unavailable():
                await JobManager(connector).listen_for_jobs(on_notification=heard, queues=[QUEUE])
            await clock.sleep(1.0)

    def _tell_overtaken(self, jobs: Collection[int], watcher: Watcher) -> None:
        for delivery_id, claim in list(self._claims.items()):
            if claim.job in jobs:
                watcher.overtaken(delivery_id)
