"""Threads that hang keep their own repository waiting, and nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.process.tenants import working_for
from bot.process.threads import RepositoryThreads
from tests.bot.clocks import HandClock


@contextmanager
def hanging() -> Iterator[threading.Event]:
    """What threads wait for; set at the end, so that they end."""
    event = threading.Event()
    try:
        yield event
    finally:
        event.set()


async def until(threads: RepositoryThreads, who: str, running: int) -> None:
    async with asyncio.timeout(10):
        while len(threads._pools[who].running) < running:  # noqa: ASYNC110 - threads tell nobody that they began
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("stuck", [2, 20])
async def test_threads_that_hang_keep_only_their_repository_waiting(stuck: int) -> None:
    threads = RepositoryThreads(HandClock())
    asyncio.get_running_loop().set_default_executor(threads)
    with hanging() as event:
        with working_for("mallory"):
            hang = [asyncio.create_task(asyncio.to_thread(event.wait)) for _ in range(stuck)]
        await asyncio.sleep(0)
        await until(threads, "mallory", 2)
        async with asyncio.timeout(10):
            with working_for("acme"):
                assert await asyncio.to_thread(lambda: 1) == 1
            assert await asyncio.to_thread(lambda: 2) == 2  # a webhook's signature
        assert len(threads._pools["mallory"].running) == 2
    await asyncio.gather(*hang)


async def test_what_hangs_is_told_and_what_the_server_waits_for_makes_it_unready() -> None:
    clock = HandClock()
    threads = RepositoryThreads(clock, own=1, limit=600.0)
    asyncio.get_running_loop().set_default_executor(threads)
    with hanging() as event:
        with working_for("mallory"):
            hang = [asyncio.create_task(asyncio.to_thread(event.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        await until(threads, "mallory", 2)
        clock.advance(601)
        assert (threads.stuck(), threads.problem()) == (2, None)
        hang += [asyncio.create_task(asyncio.to_thread(event.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        await until(threads, "", 1)
        clock.advance(30)
        assert threads.problem() is None
        clock.advance(1)
        assert threads.problem() == "the server's own work has waited for a thread for 31 s"
    await asyncio.gather(*hang)
    assert (threads.stuck(), threads.problem()) == (0, None)


async def test_threads_of_many_repositories_do_not_pile_up() -> None:
    threads = RepositoryThreads(HandClock())
    asyncio.get_running_loop().set_default_executor(threads)
    before = threading.active_count()
    for i in range(200):
        with working_for(f"repository/{i}"):
            assert await asyncio.to_thread(int, i) == i
    assert len(threads._pools) <= 34
    assert threading.active_count() - before <= 2 * 34 + 1


async def test_a_thread_knows_for_whom_it_works_and_tells_what_it_raised() -> None:
    from bot.process.tenants import tenant

    asyncio.get_running_loop().set_default_executor(RepositoryThreads(HandClock()))
    with working_for("acme"):
        assert (await asyncio.to_thread(tenant)).repository == "acme"
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
