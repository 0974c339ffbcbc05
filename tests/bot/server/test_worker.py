"""Who works on what and when: lanes, newer heads, retries, restarts, shutdown. Time is moved by hand."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from bot.process.errors import PermanentError, Superseded, TemporaryError
from bot.process.metrics import Metrics
from bot.queue.deliveries import Delivery, State, Stored, StoreUnavailable
from bot.queue.sqlite.store import SqliteStore
from bot.server.context import Context, Services
from bot.server.readiness import overdue
from bot.server.worker import Limits, Worker
from tests.bot.clocks import HandClock
from tests.bot.queue.samples import delivery as made

Handle = Callable[[Delivery, Context], Awaitable[None]]
NOTHING = cast(Services, None)  # these handlers need no services


class WatchedStore(SqliteStore):
    """Tells when something was written, and can be made to fail."""

    broken = False

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.written = asyncio.Condition()

    async def finish(self, delivery_id: str, state: State, *, now: float, result: str) -> None:
        if self.broken:
            raise StoreUnavailable("disk full")
        await super().finish(delivery_id, state, now=now, result=result)
        async with self.written:
            self.written.notify_all()

    async def give_back(self, delivery_id: str, *, not_before: float, attempts: int, result: str) -> None:
        await super().give_back(delivery_id, not_before=not_before, attempts=attempts, result=result)
        async with self.written:
            self.written.notify_all()


class PromptClock(HandClock):
    """What is due already does not wait for the next move."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await super().sleep(seconds)
        else:
            await asyncio.sleep(0)


class Bench:
    """A worker with a handler of the test's, on a store in a directory."""

    def __init__(self, directory: Path) -> None:
        self.clock = PromptClock()
        self.store = WatchedStore(directory / "argofix.db")
        self.worker: Worker
        self._task: asyncio.Task[None] | None = None

    def start(self, handle: Handle, limits: Limits | None = None) -> None:
        async def handler(delivery: Delivery, context: Context) -> None:
            await handle(delivery, context)

        self.worker = Worker(
            self.store,
            {"pull_request": handler},
            self.clock,
            Metrics(),
            lambda: NOTHING,
            limits or Limits(),
            random.Random(1),
        )
        self._task = asyncio.create_task(self.worker.run())

    async def give(self, *args: str, repo: int = 42, number: int = 1) -> Stored:
        return await self.worker.accept(made(*args, repo=repo, number=number))

    async def until(self, name: str, *states: State, attempts: int = 0) -> Delivery:
        """The delivery once it is in one of these states with at least that many attempts."""
        async with asyncio.timeout(10), self.store.written:
            while True:
                found = await self.store.get(name)
                if found and found.state in states and found.attempts >= attempts:
                    return found
                await self.store.written.wait()

    async def end(self) -> None:
        if self._task is not None:
            stopping = asyncio.create_task(self.worker.stop())
            while not stopping.done():
                self.clock.advance(100)
                await asyncio.sleep(0)
            await stopping
            await self._task
        await self.store.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.end()


async def test_a_delivery_is_worked_on_once(bench: Bench) -> None:
    seen: list[str] = []

    async def handle(delivery: Delivery, _context: Context) -> None:
        seen.append(delivery.id)

    bench.start(handle)
    await bench.give("d1")
    assert (await bench.until("d1", State.DONE)).result == "ok"
    assert (await bench.give("d1")).already_processed
    assert seen == ["d1"]


async def test_repositories_overlap_and_runs_of_one_do_not(bench: Bench) -> None:
    running: set[str] = set()
    most_at_once = 0
    both = asyncio.Event()

    async def handle(delivery: Delivery, _context: Context) -> None:
        nonlocal most_at_once
        assert delivery.lane not in running
        running.add(delivery.lane)
        most_at_once = max(most_at_once, len(running))
        if len(running) == 2:
            both.set()
        await both.wait()
        running.remove(delivery.lane)

    bench.start(handle)
    for i, repo in enumerate((1, 1, 2, 2)):
        await bench.give(f"d{i}", repo=repo, number=i)
    for i in range(4):
        await bench.until(f"d{i}", State.DONE)
    assert most_at_once == 2


async def test_a_newer_head_tells_the_run_that_is_at_it(bench: Bench) -> None:
    started = asyncio.Event()
    seen: list[str] = []

    async def handle(delivery: Delivery, context: Context) -> None:
        seen.append(delivery.id)
        started.set()
        if delivery.id == "old":
            await context.unless_superseded(asyncio.Event().wait())

    bench.start(handle)
    await bench.give("old")
    await started.wait()
    await bench.give("new")
    assert (await bench.until("old", State.DONE)).result == "superseded"
    assert (await bench.until("new", State.DONE)).result == "ok"
    assert seen == ["old", "new"]


async def test_a_temporary_failure_comes_back_later_and_later_and_then_dies(bench: Bench) -> None:
    async def handle(_delivery: Delivery, _context: Context) -> None:
        raise TemporaryError("GitHub is down")

    bench.start(handle, Limits(attempts=4, first_delay=10))
    await bench.give("d1")
    waits = []
    for attempt in (1, 2, 3):
        found = await bench.until("d1", State.QUEUED, attempts=attempt)
        waits.append(found.not_before - bench.clock.now())
        bench.clock.advance(waits[-1])
    dead = await bench.until("d1", State.DEAD)
    assert dead.result == "GitHub is down"
    assert 5 <= waits[0] <= 10 <= waits[1] <= 20 <= waits[2] <= 40


async def test_a_named_delay_is_kept_and_a_rate_limit_does_not_count(bench: Bench) -> None:
    calls = 0

    class Limited(TemporaryError):
        counts = False

    async def handle(_delivery: Delivery, _context: Context) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Limited("limit", delay=600)

    bench.start(handle)
    await bench.give("d1")
    found = await bench.until("d1", State.QUEUED)
    while found.not_before == bench.clock.now():
        found = await bench.until("d1", State.QUEUED)
    assert found.attempts == 0
    assert 600 <= found.not_before - bench.clock.now() <= 605
    # Somebody waits for it, who is to be shown so.
    bench.clock.advance(5)
    assert bench.worker.waiting.due(bench.clock.now()) == ["d1"]
    assert bench.worker.metrics.runs.labels("pull_request", "limited")._value.get() == 1
    bench.clock.advance(610)
    assert (await bench.until("d1", State.DONE)).result == "ok"


async def test_what_never_counts_is_given_up_a_day_after_it_came(bench: Bench) -> None:
    """Nobody waits for ever for a limit that is met at each attempt."""

    class Limited(TemporaryError):
        counts = False

    async def handle(_delivery: Delivery, _context: Context) -> None:
        raise Limited("limit", delay=3600)

    assert Limits().give_up_after == 24 * 3600.0
    bench.start(handle, Limits(attempts=2))
    await bench.give("d1")
    begun, runs = bench.clock.now(), 0
    async with asyncio.timeout(10):
        while (found := await bench.until("d1", State.QUEUED, State.DEAD)).state is State.QUEUED:
            if found.not_before > bench.clock.now():
                runs += 1
                bench.clock.advance(found.not_before - bench.clock.now())
            await asyncio.sleep(0)
    assert found.result == "limit"
    assert (runs, found.attempts) == (24, 0)
    assert 24 * 3600.0 < bench.clock.now() - begun < 25 * 3600.0


@pytest.mark.parametrize(
    ("error", "state", "result"),
    [
        (PermanentError("it is gone"), State.DEAD, "it is gone"),
        (Superseded(), State.DONE, "superseded"),
        (ValueError("token ghs_abcdefghijklmnop leaked"), State.QUEUED, "ValueError: token *** leaked"),
    ],
)
async def test_how_a_run_can_end(bench: Bench, error: Exception, state: State, result: str) -> None:
    async def handle(_delivery: Delivery, _context: Context) -> None:
        raise error

    bench.start(handle)
    await bench.give("d1")
    found = await bench.until("d1", state, attempts=int(state is State.QUEUED))
    assert found.result == result


async def test_one_that_fails_holds_up_nobody_and_one_without_a_handler_is_done(bench: Bench) -> None:
    async def handle(delivery: Delivery, _context: Context) -> None:
        if delivery.id == "bad":
            raise RuntimeError("mistake")

    bench.start(handle)
    await bench.give("bad", number=1)
    await bench.give("good", number=2)
    await bench.until("bad", State.QUEUED, attempts=1)
    assert (await bench.until("good", State.DONE)).result == "ok"


async def test_what_runs_too_long_is_stopped(bench: Bench) -> None:
    async def handle(_delivery: Delivery, _context: Context) -> None:
        await asyncio.Event().wait()

    bench.start(handle, Limits(run_limit=0.01))
    await bench.give("d1")
    assert (await bench.until("d1", State.QUEUED, attempts=1)).result.startswith("TimeoutError")


async def test_what_a_dead_server_left_is_taken_up(tmp_path: Path) -> None:
    first = WatchedStore(tmp_path / "argofix.db")
    await first.store(made("d1"))
    await first.take(1, 2e9)
    await first.close()
    bench = Bench(tmp_path)

    async def handle(_delivery: Delivery, _context: Context) -> None:
        return

    bench.start(handle)
    found = await bench.until("d1", State.DONE)
    assert (found.attempts, found.result) == (1, "ok")
    await bench.end()


async def test_stopping_lets_work_end_or_hands_it_back(bench: Bench) -> None:
    started, cleaned = asyncio.Event(), asyncio.Event()

    async def handle(_delivery: Delivery, _context: Context) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    bench.start(handle)
    await bench.give("d1")
    await started.wait()
    stopping = asyncio.create_task(bench.worker.stop(grace=20))
    await asyncio.sleep(0)
    assert bench.worker.problem() == "the server is stopping"
    await bench.give("late", number=2)
    while not stopping.done():
        bench.clock.advance(21)
        await asyncio.sleep(0)
    await stopping
    assert cleaned.is_set()
    back = await bench.store.get("d1")
    late = await bench.store.get("late")
    assert back is not None
    assert late is not None
    assert (back.state, back.attempts) == (State.QUEUED, 0)
    assert late.state is State.QUEUED


async def test_a_full_disk_makes_nobody_forget(bench: Bench) -> None:
    ran = asyncio.Event()

    async def handle(_delivery: Delivery, _context: Context) -> None:
        ran.set()

    bench.start(handle)
    bench.store.broken = True
    await bench.give("d1")
    await ran.wait()
    while bench.worker.problem() is None:  # noqa: ASYNC110 - the worker announces no problem, it is asked
        await asyncio.sleep(0)
    assert bench.worker.problem() == "disk full"
    bench.store.broken = False
    waiting = asyncio.create_task(bench.until("d1", State.DONE))
    while not waiting.done():
        bench.clock.advance(6)
        await asyncio.sleep(0)
    assert (await waiting).result == "ok"


async def test_runs_that_do_not_end_are_told_and_all_of_them_make_the_server_unready(bench: Bench) -> None:
    go = asyncio.Event()

    async def stubborn(delivery: Delivery, _context: Context) -> None:
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go.wait()

    bench.start(stubborn, Limits(concurrency=2, run_limit=1e9))
    for number, name in enumerate(("a", "b", "c")):
        await bench.give(name, repo=number)
    async with asyncio.timeout(10):
        while len(bench.worker.running) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    bench.worker.limits = Limits(concurrency=2, run_limit=100.0)
    look = overdue(bench.worker)
    bench.clock.advance(159)
    assert (look(), bench.worker.problem()) == (None, None)
    bench.clock.advance(2)
    told = look()
    assert told is not None and told.startswith("a, b went on for longer than ARGOFIX_RUN_LIMIT")
    assert bench.worker.problem() == "every run has gone on for longer than its limit of 100 s"
    bench.worker.limits = Limits(concurrency=3, run_limit=100.0)
    assert bench.worker.problem() is None  # there is room for others
    go.set()
    for name in ("a", "b", "c"):
        await bench.until(name, State.DONE)
    assert look() is None
