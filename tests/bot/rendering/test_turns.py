"""Whose turn it is at the renderer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.process.tenants import Tenant, known_installation, tenant, working_for
from bot.rendering.turns import Turns


@contextmanager
def at_work(who: str) -> Iterator[None]:
    """`a1`: the repository `a1` of the installation `a`."""
    with working_for(who):
        known_installation(ord(who[0]))
        yield


class Office:
    """Writes down who was called, and lets a test say when they are done."""

    def __init__(self, slots: int, spare: int = 1) -> None:
        self.turns = Turns(slots, spare)
        self.called: list[str] = []
        self.inside: list[tuple[str, asyncio.Event]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, *names: str) -> None:
        for name in names:
            with at_work(name):
                self.tasks.append(asyncio.create_task(self._work(name)))

    async def _work(self, name: str) -> None:
        async with self.turns.turn():
            done = asyncio.Event()
            self.called.append(name)
            self.inside.append((name, done))
            await done.wait()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        self.inside.pop(0)[1].set()
        await self.settle()


async def test_alone_one_repository_has_every_slot_and_no_more() -> None:
    office = Office(2)
    office.ask(*["a1"] * 5)
    await office.settle()
    assert office.called == ["a1"] * 2
    for _ in range(5):
        await office.finish()
    assert office.called == ["a1"] * 5


async def test_who_holds_nothing_need_not_wait_for_those_who_hold_all() -> None:
    office = Office(2)
    office.ask(*["a1"] * 600)
    await office.settle()
    office.ask("b1")
    await office.settle()
    assert office.called == ["a1", "a1", "b1"]
    office.ask("b1", "c1")
    await office.settle()
    assert len(office.inside) == 3  # there is one place of that kind


async def test_installations_take_turns_and_then_their_repositories() -> None:
    office = Office(1, spare=0)
    office.ask("a1", "a1", "a1", "a2", "a2", "a3", "b1", "b1")
    for _ in range(8):
        await office.settle()
        await office.finish()
    assert office.called == ["a1", "b1", "a2", "b1", "a3", "a1", "a2", "a1"]


async def test_who_gives_up_takes_no_slot_along() -> None:
    office = Office(1, spare=0)
    office.ask("a1", "a1", "b1")
    await office.settle()
    office.tasks[1].cancel()
    office.tasks[0].cancel()  # one that waits, one inside
    await asyncio.gather(*office.tasks[:2], return_exceptions=True)
    await office.settle()
    assert office.called == ["a1", "b1"]
    # Called and cancelled in the same moment.
    office.ask("c1")
    await office.settle()
    office.inside.pop()[1].set()
    await asyncio.sleep(0)
    office.tasks[-1].cancel()
    await asyncio.gather(*office.tasks, return_exceptions=True)
    office.ask("d1")
    await office.settle()
    assert office.called[-1] == "d1"
    assert office.turns.waiting == 0


@given(
    asked=st.lists(st.sampled_from(["a1", "a2", "a3", "b1", "b2", "c1"]), max_size=40),
    slots=st.integers(1, 3),
    spare=st.integers(0, 2),
)
@settings(max_examples=40)
def test_nobody_is_forgotten_and_nobody_is_passed_by(asked: list[str], slots: int, spare: int) -> None:
    """Whoever waits is called before another installation is called twice; and all slots are used."""

    async def run() -> None:
        office = Office(slots, spare)
        office.ask(*asked)
        await office.settle()
        left = list(asked)
        while left:
            assert min(slots, len(left)) <= len(office.inside) <= slots + spare
            waiting = set(left[:])
            for name, _ in office.inside:
                waiting.discard(name)
            left.remove(office.inside[0][0])
            await office.finish()
        assert sorted(office.called) == sorted(asked)
        first = {name: office.called.index(name) for name in set(asked)}
        for name, at in first.items():
            before = office.called[:at]
            assert all(
                before.count(other) <= slots + spare + len(set(asked)) for other in set(before) if other != name
            )

    asyncio.run(run())


def test_for_whom_work_is_done_is_known_inside_only() -> None:
    with at_work("a1"):
        assert tenant() == Tenant(ord("a"), "a1")
        with working_for("b1"):
            assert tenant() == Tenant(0, "b1")
        assert tenant() == Tenant(ord("a"), "a1")
    assert tenant() == Tenant()


@pytest.mark.parametrize("slots", [1, 2])
async def test_the_last_one_out_leaves_nothing_behind(slots: int) -> None:
    office = Office(slots)
    office.ask("a1", "b1", "c1")
    await office.settle()
    for _ in range(3):
        await office.finish()
    assert not office.turns._held and not office.turns._last and not office.turns._waiting
