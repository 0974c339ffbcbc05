"""Who is told that they wait: after a moment, once, and again when GitHub would not hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.github.errors import NotFound, RateLimited, ServerFault
from bot.queue.deliveries import Delivery, State
from bot.queue.sqlite.store import SqliteStore
from bot.queue.waiting import PATIENCE, Announcer, Heads, Waiting
from tests.bot.clocks import HandClock
from tests.bot.queue.samples import delivery


async def test_it_is_shown_once_after_a_moment_and_later_when_a_limit_forbids_it(tmp_path: Path) -> None:
    clock, waiting, store = HandClock(), Waiting(), SqliteStore(tmp_path / "argofix.db")
    shown: list[str] = []
    limits = [RateLimited("limit", retry_at=0, delay=600)]

    async def show(each: Delivery) -> Callable[[], Awaitable[None]] | None:
        if each.id == "gone":
            raise NotFound("it is gone")
        if each.id == "d1" and limits:
            raise limits.pop()
        shown.append(each.id)
        return None

    announcer = Announcer(waiting, store, clock, show)
    names = ["d1", "d2", "gone", "begun", "closed"]
    for number, name in enumerate(names):
        made = delivery(name, number=number, action="closed" if name == "closed" else "opened", at=clock.now())
        await store.store(made)
        waiting.add(made, clock.now())
    waiting.begun("begun")
    clock.advance(PATIENCE - 0.1)
    await announcer.look()
    assert shown == []
    clock.advance(0.1)
    for _ in range(3):
        await announcer.look()
    assert shown == ["d2"]
    clock.advance(600)
    await announcer.look()
    assert shown == ["d2", "d1"]
    assert waiting.next_due() is None
    await store.close()


async def test_what_was_said_is_taken_back_when_a_newer_head_takes_the_turn(tmp_path: Path) -> None:
    clock, waiting, store = HandClock(), Waiting(), SqliteStore(tmp_path / "argofix.db")
    taken_back: list[str] = []
    faults: list[Exception] = [ServerFault("down"), NotFound("the repository has gone")]

    async def show(each: Delivery) -> Callable[[], Awaitable[None]] | None:
        async def take_back() -> None:
            taken_back.append(each.id)
            if faults and each.id == "old":
                raise faults.pop(0)

        return take_back

    announcer = Announcer(waiting, store, clock, show)

    async def arrives(name: str, number: int = 1) -> None:
        made = delivery(name, number=number, at=clock.now())
        await store.store(made)
        waiting.add(made, clock.now())
        clock.advance(PATIENCE)
        await announcer.look()

    await arrives("other", 2)
    await store.take(1, clock.now())
    await store.finish("other", State.DONE, now=clock.now(), result="ok")
    for name in ("old", "new"):
        await arrives(name)
    clock.advance(60)
    for _ in range(4):
        await announcer.look()
    # Once more after a fault, and no more when there is nothing left to be told anything.
    assert taken_back == ["old", "old"]
    await store.close()


async def test_a_head_is_one_persons_at_a_time_however_many_wait() -> None:
    heads, inside, most = Heads(), 0, 0

    async def work(head: str) -> None:
        nonlocal inside, most
        async with heads.held(head):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work("a") for _ in range(5)))
    first = asyncio.create_task(work("a"))
    await asyncio.sleep(0)
    assert heads.busy("a") and not heads.busy("b")
    second = asyncio.create_task(work("a"))
    await asyncio.sleep(0)
    await asyncio.gather(first, work("a"), second)
    assert (most, heads.busy("a")) == (1, False)
