"""Periodic work as deliveries: one a time slot, whoever keeps the time."""

import asyncio
import random
from pathlib import Path

import pytest

from bot.github import events
from bot.github.model import Repository
from bot.queue.deliveries import Delivery, State, Stored, StoreUnavailable
from bot.queue.schedule import STORE_RETRY, Periodic, keep_time, own
from bot.queue.sqlite.store import SqliteStore
from tests.bot.clocks import HandClock


class Early(random.Random):
    """Never spreads anything."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Queue:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.broken = False

    async def enqueue(self, delivery: Delivery) -> Stored:
        if self.broken:
            raise StoreUnavailable("disk full")
        self.ids.append(delivery.id)
        return Stored(already_processed=False)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_tick_for_each_slot() -> None:
    clock, queue = HandClock(time=1000.0), Queue()
    keeping = asyncio.create_task(keep_time(Periodic("poll", 600), queue.enqueue, clock, Early()))
    await settled()
    assert queue.ids == ["poll/1"]
    clock.advance(199)
    await settled()
    assert queue.ids == ["poll/1"]
    clock.advance(1)
    await settled()
    assert queue.ids == ["poll/1", "poll/2"]
    keeping.cancel()


async def test_a_start_counts_for_itself_and_then_the_slots() -> None:
    clock, queue = HandClock(time=1000.0), Queue()
    keeping = asyncio.create_task(keep_time(Periodic("reconcile", 600, at_start=True), queue.enqueue, clock, Early()))
    await settled()
    clock.advance(200)
    await settled()
    assert queue.ids == ["reconcile/start/1000.000", "reconcile/2"]
    keeping.cancel()


async def test_nothing_is_kept_for_work_that_is_switched_off() -> None:
    queue = Queue()
    async with asyncio.timeout(5):
        await keep_time(Periodic("poll", 0), queue.enqueue, HandClock())
    assert queue.ids == []


async def test_a_store_that_is_down_delays_a_tick_and_does_not_lose_it() -> None:
    clock, queue = HandClock(time=1000.0), Queue()
    queue.broken = True
    keeping = asyncio.create_task(keep_time(Periodic("poll", 600), queue.enqueue, clock, Early()))
    await settled()
    queue.broken = False
    clock.advance(STORE_RETRY)
    await settled()
    assert queue.ids == ["poll/1"]
    keeping.cancel()


async def test_replicas_on_one_queue_do_a_slot_once(tmp_path: Path) -> None:
    clock, store = HandClock(time=1000.0), SqliteStore(tmp_path / "argofix.db")
    stored: list[Stored] = []
    more = asyncio.Condition()

    async def enqueue(delivery: Delivery) -> Stored:
        stored.append(await store.store(delivery))
        async with more:
            more.notify_all()
        return stored[-1]

    async def enqueued(count: int) -> None:
        async with more:
            await more.wait_for(lambda: len(stored) >= count)

    keeping = [asyncio.create_task(keep_time(Periodic("poll", 600), enqueue, clock, Early())) for _ in range(3)]
    await enqueued(3)
    (tick,) = await store.take(10, clock.now())
    await store.finish(tick.id, State.DONE, now=clock.now(), result="ok")
    late = asyncio.create_task(keep_time(Periodic("poll", 600), enqueue, clock, Early()))
    await enqueued(4)
    assert stored[-1].already_processed
    assert await store.take(10, clock.now()) == []
    for task in (*keeping, late):
        task.cancel()
    await store.close()


REPOSITORY = Repository(7, "acme/platform", "https://github.example/acme/platform.git", "main")


@pytest.mark.parametrize(
    ("repository", "number", "lane"),
    [(None, None, "installation/3"), (REPOSITORY, None, "repository/7"), (REPOSITORY, 12, "repository/7")],
)
def test_own_work_says_what_it_is_about(repository: Repository | None, number: int | None, lane: str) -> None:
    delivery = own("reconcile/x", "reconcile", 5.0, installation=3, repository=repository, number=number)
    event = delivery.parsed()
    assert (event.name, event.installation, delivery.lane) == ("argofix_reconcile", 3, lane)
    assert getattr(event, "repository", None) == repository
    assert isinstance(event, events.NumberedEvent) == (number is not None)
