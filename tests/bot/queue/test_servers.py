"""Several servers on one PostgreSQL: who has what, who is dead, what a database that goes away does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from bot.queue.deliveries import DeliveryStore, State, StoreUnavailable
from bot.queue.postgresql.store import PostgresqlStore
from tests.bot.clocks import HandClock
from tests.bot.queue.beds import Bed, PostgresqlBed
from tests.bot.queue.samples import delivery
from tests.postgresql import postgresql

MARGIN = 21.0  # a server that gave no sign for so long is dead


class Told:
    """A worker as the store sees it."""

    def __init__(self) -> None:
        self.overtaken_ids: list[str] = []
        self.lost_times = 0
        self.news = asyncio.Event()

    def changed(self) -> None:
        self.news.set()

    def overtaken(self, delivery_id: str) -> None:
        self.overtaken_ids.append(delivery_id)
        self.news.set()

    def lost(self) -> None:
        self.lost_times += 1
        self.news.set()


@asynccontextmanager
async def watching(store: DeliveryStore, clock: HandClock) -> AsyncIterator[Told]:
    told = Told()
    task = asyncio.create_task(store.watch(clock, told))
    while len(clock._sleepers) < 2:  # noqa: ASYNC110 - until its clocks run
        await asyncio.sleep(0)
    try:
        yield told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(clock: HandClock, done: object, step: float = 1.0) -> None:
    """Let time pass in small steps until `done()` is true."""
    assert callable(done)
    async with asyncio.timeout(20):
        while not (found := done()) or (asyncio.iscoroutine(found) and not await found):
            clock.advance(step)
            await asyncio.sleep(0.01)


async def test_two_servers_never_run_one_repository_at_once(postgresql_bed: PostgresqlBed) -> None:
    one, two = await postgresql_bed.open(), await postgresql_bed.open()
    for i in range(40):
        await (one, two)[i % 2].store(delivery(f"d{i}", repo=i % 5, number=i, at=postgresql_bed.now()))
    running: set[str] = set()
    order: dict[str, list[str]] = {}

    async def work(store: DeliveryStore) -> None:
        while sum(map(len, order.values())) < 40:
            for each in await store.take(3, postgresql_bed.now()):
                assert each.lane not in running
                running.add(each.lane)
                order.setdefault(each.lane, []).append(each.id)
                await asyncio.sleep(0)
                running.remove(each.lane)
                await store.finish(each.id, State.DONE, now=postgresql_bed.now(), result="ok")

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(work(one))
        group.create_task(work(two))
    assert sorted(order.values()) == sorted([f"d{i}" for i in range(lane, 40, 5)] for lane in range(5))


async def test_the_work_of_a_dead_server_is_taken_up_and_it_can_settle_it_no_more(
    postgresql_bed: PostgresqlBed,
) -> None:
    dead, living = await postgresql_bed.open(), await postgresql_bed.open()
    await dead.store(delivery("d1", at=postgresql_bed.now()))
    assert [each.id for each in await dead.take(5, postgresql_bed.now())] == ["d1"]
    clock = HandClock()
    async with watching(living, clock):
        # As long as it may live, its work is its own.
        clock.advance(5)
        await postgresql_bed.later(15)
        await living.recover()
        assert await living.take(5, postgresql_bed.now()) == []
        await postgresql_bed.later(MARGIN - 15)

        async def queued() -> bool:
            found = await living.get("d1")
            return found is not None and found.state is State.QUEUED

        await until(clock, queued)
    (again,) = await living.take(5, postgresql_bed.now())
    assert (again.id, again.attempts, again.result) == ("d1", 1, "the server ended while it ran")
    await dead.finish("d1", State.DONE, now=postgresql_bed.now(), result="the dead speak")
    found = await living.get("d1")
    assert found is not None
    assert found.state is State.RUNNING
    await living.store(delivery("d2", repo=7, at=postgresql_bed.now()))
    with pytest.raises(StoreUnavailable):  # nor does it get more
        await dead.take(5, postgresql_bed.now())


async def test_a_server_that_counts_as_dead_drops_its_runs_and_begins_anew(postgresql_bed: PostgresqlBed) -> None:
    store, other = await postgresql_bed.open(), await postgresql_bed.open()
    await store.store(delivery("d1", at=postgresql_bed.now()))
    await store.take(1, postgresql_bed.now())
    clock = HandClock()
    async with watching(store, clock) as told:
        await postgresql_bed.later(MARGIN)
        await other.recover()
        await until(clock, lambda: told.lost_times)
        assert told.lost_times == 1

        async def taken() -> list[str]:
            try:
                return [each.id for each in await store.take(1, postgresql_bed.now())]
            except StoreUnavailable:  # it has not told the others of itself again yet
                return []

        found: list[str] = []

        async def taken_again() -> bool:
            found.extend(await taken())
            return bool(found)

        await until(clock, taken_again)
        assert found == ["d1"]


async def test_a_server_that_stood_still_drops_its_runs(postgresql_bed: PostgresqlBed) -> None:
    store = await postgresql_bed.open()
    clock = HandClock()
    async with watching(store, clock) as told:
        clock.advance(13)
        async with asyncio.timeout(10):
            while not told.lost_times:
                await told.news.wait()
                told.news.clear()


async def test_a_newer_head_tells_the_server_that_runs_the_older_one(postgresql_bed: PostgresqlBed) -> None:
    one, two = await postgresql_bed.open(), await postgresql_bed.open()
    await two.store(delivery("old", at=postgresql_bed.now()))
    await one.take(1, postgresql_bed.now())
    clock = HandClock()
    async with watching(one, clock) as told:
        assert (await two.store(delivery("new", at=postgresql_bed.now()))).overtaken == ("old",)
        await until(clock, lambda: told.overtaken_ids, step=0.1)
        assert set(told.overtaken_ids) == {"old"}
    await one.give_back("old", not_before=0, attempts=0, result="the server stopped")
    assert [each.id for each in await one.take(1, postgresql_bed.now())] == ["new"]


async def test_news_of_one_server_wake_the_other(postgresql_bed: PostgresqlBed) -> None:
    one, two = await postgresql_bed.open(), await postgresql_bed.open()
    clock = HandClock()
    async with watching(one, clock) as told, asyncio.timeout(10):
        while not await _listens(postgresql_bed):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
        told.news.clear()
        await two.store(delivery("d1", at=postgresql_bed.now()))
        await told.news.wait()


async def _listens(bed: PostgresqlBed) -> bool:
    async with await psycopg.AsyncConnection.connect(bed.url) as connection:
        found = await connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        return await found.fetchone() is not None


async def test_work_goes_on_when_the_database_was_away() -> None:
    with postgresql() as server:
        bed = PostgresqlBed(server)
        store = await bed.open()
        await store.store(delivery("d1", at=bed.now()))
        await store.store(delivery("d2", number=2, at=bed.now()))
        await store.take(1, bed.now())
        server.stop(signal.SIGQUIT)
        with pytest.raises(StoreUnavailable):
            await store.store(delivery("d3", number=3))
        with pytest.raises(StoreUnavailable):
            await store.finish("d1", State.DONE, now=bed.now(), result="ok")
        server.start()
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(StoreUnavailable):
                    await store.finish("d1", State.DONE, now=bed.now(), result="ok")
                    break
        assert await store.counts() == {State.QUEUED: 1, State.RUNNING: 0, State.DONE: 1, State.DEAD: 0}
        assert [each.id for each in await store.take(1, bed.now())] == ["d2"]
        await bed.close()


async def test_many_servers_may_start_on_an_empty_database_at_once(postgresql_bed: PostgresqlBed) -> None:
    stores = await asyncio.gather(*(postgresql_bed.open() for _ in range(4)))
    await stores[0].store(delivery("d1", at=postgresql_bed.now()))
    found = await asyncio.gather(*(each.take(1, postgresql_bed.now()) for each in stores))
    assert [each.id for one in found for each in one] == ["d1"]


async def test_tables_of_an_earlier_version_are_brought_up_to_date(postgresql_bed: PostgresqlBed) -> None:
    store = await postgresql_bed.open()
    await store.store(delivery("d1", at=postgresql_bed.now()))
    await store.close()
    async with await psycopg.AsyncConnection.connect(postgresql_bed.url) as connection:
        await connection.execute("ALTER TABLE argofix_deliveries DROP COLUMN installation, DROP COLUMN rank")
        await connection.execute("DROP TABLE argofix_turns, argofix_pages, argofix_uses")
    store = await postgresql_bed.open()
    (found,) = await store.take(5, postgresql_bed.now())
    assert (found.id, found.installation) == ("d1", 0)


async def test_many_callers_share_a_transaction(
    postgresql_bed: PostgresqlBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await postgresql_bed.open()
    groups = 0
    original = PostgresqlStore._store_group

    async def counted(self: PostgresqlStore, *args: object) -> None:
        nonlocal groups
        groups += 1
        await original(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(PostgresqlStore, "_store_group", counted)
    await asyncio.gather(*(store.store(delivery(f"d{i}", number=i)) for i in range(500)))
    assert (await store.counts())[State.QUEUED] == 500
    assert groups < 10


VICTIM = """
import asyncio, sys
from bot.queue.databases import SQLITE, open_store
from tests.bot.queue.samples import delivery

async def main():
    url = sys.argv[1]
    store = await open_store(url, alone=url.startswith(SQLITE), make=True)
    await store.recover()
    await store.store(delivery("running", repo=1))
    await store.take(1, 4e9)
    async def one(i):
        await store.store(delivery(f"d{i}", repo=i % 7 + 2, number=i))
        print(i, flush=True)
    for start in range(0, 100_000, 20):
        await asyncio.gather(*(one(i) for i in range(start, start + 20)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 57, 200])
async def test_what_was_acknowledged_survives_a_kill(bed: Bed, after: int, tmp_path: Path) -> None:
    victim = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed, not waited for
        [sys.executable, "-c", VICTIM, bed.url], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    acknowledged = [int(victim.stdout.readline()) for _ in range(after)]
    os.kill(victim.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in victim.stdout.read().split("\n")[:-1] if line.strip()]
    victim.stdout.close()
    victim.wait()

    if isinstance(bed, PostgresqlBed):
        await bed.later(MARGIN)
    store = await bed.open()
    kept = {each.id for each in await store.listed([State.QUEUED], limit=1_000_000)}
    assert kept >= {f"d{i}" for i in acknowledged} | {"running"}
    again = await store.get("running")
    assert again is not None
    assert (again.attempts, again.result) == (1, "the server ended while it ran")
    # Nothing is done twice, nothing is left: every one of them can be taken once.
    seen: list[str] = []
    while batch := await store.take(50, 4e9):
        for each in batch:
            seen.append(each.id)
            await store.finish(each.id, State.DONE, now=bed.now(), result="ok")
    assert sorted(seen) == sorted(kept)
