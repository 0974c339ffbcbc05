"""Two whole workers on one PostgreSQL: what only the two together can show."""

from __future__ import annotations

import asyncio
from typing import cast

from bot.process.clock import SystemClock
from bot.process.metrics import Metrics
from bot.queue.deliveries import Delivery, DeliveryStore, State
from bot.server.context import Context, Services
from bot.server.worker import Worker
from tests.bot.queue.beds import PostgresqlBed
from tests.bot.queue.samples import delivery as made


async def test_a_newer_head_ends_the_run_on_another_server(postgresql_bed: PostgresqlBed) -> None:
    started, seen = asyncio.Event(), []

    async def handle(delivery: Delivery, context: Context) -> None:
        seen.append(delivery.id)
        started.set()
        if delivery.id == "old":
            await context.unless_superseded(asyncio.Event().wait())

    def worker_on(store: DeliveryStore) -> Worker:
        nothing = cast(Services, None)
        return Worker(store, {"pull_request": handle}, SystemClock(), Metrics(), lambda: nothing)

    one, other = await postgresql_bed.open(), await postgresql_bed.open()
    runner = worker_on(one)
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(20):
        await runner.accept(made("old", at=postgresql_bed.now()))
        await started.wait()
        await worker_on(other).accept(made("new", at=postgresql_bed.now()))
        while (await other.counts())[State.DONE] < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the database tells nobody
        old = await other.get("old")
        assert old is not None
        assert old.result == "superseded"
        assert seen == ["old", "new"]
        await runner.stop()
        await running


async def test_what_a_server_lost_it_does_not_settle(postgresql_bed: PostgresqlBed) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def handle(delivery: Delivery, context: Context) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    store = await postgresql_bed.open()
    worker = Worker(store, {"pull_request": handle}, SystemClock(), Metrics(), lambda: cast(Services, None))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        await worker.accept(made("d1", at=postgresql_bed.now()))
        await started.wait()
        worker.lost()
        await ended.wait()
        while worker.running:  # noqa: ASYNC110
            await asyncio.sleep(0)
        found = await store.get("d1")
        assert found is not None
        assert found.state is State.RUNNING  # until it is rescued
        await worker.stop()
        await running
