"""Whatever people, queues, faults and kills come together: no required check passes for a merge result that brings an
error, every head gets its conclusion, nothing is there twice, and nobody waits for others."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import bot.queue.waiting
import bot.server.app
from handlers.judging import runs as judging
from tests.github import SimulatedGitHub, auth
from tests.handlers.conftest import Bot
from tests.handlers.histories.steps import KNOWN, NAMES_OF_STEPS, Step, play
from tests.handlers.histories.world import World

FEW = 8
EXAMPLES = int(os.environ.get("ARGOFIX_HISTORIES", FEW))  # a night has room for thousands
# To find a shorter history takes minutes, so only who asks for it gets one.
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink or "ARGOFIX_SHRINK" in os.environ)
SMALL = st.integers(0, 5)
STEPS: st.SearchStrategy[Step] = st.tuples(st.sampled_from(NAMES_OF_STEPS), SMALL, SMALL, SMALL)


class Stage:
    """One GitHub and one server for all histories; each gets a repository of its own."""

    def __init__(self, directory: Path) -> None:
        self.runner = asyncio.Runner()
        self.directory = directory
        self.numbers = count(1)

    def __enter__(self) -> Stage:
        self.runner.run(self._open())
        return self

    async def _open(self) -> None:
        self.github = await SimulatedGitHub().__aenter__()
        self.server = Bot(self.github, self.directory, reconcile_interval=1e9)  # only when it starts
        self.github.clock = self.server.clock.date
        self._time = patch.object(auth, "time", self.server.clock)
        self._time.start()
        await self.server.start()

    def __exit__(self, *_: object) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        await self.server.stop()
        self._time.stop()
        await self.github.__aexit__()

    def play(self, history: list[Step]) -> World:
        return self.runner.run(self._play(history))

    async def _play(self, history: list[Step]) -> World:
        world = await World.begin(self.github, self.server, next(self.numbers))
        try:
            await play(world, history)
        finally:
            await world.end()
        return world


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with (
        tempfile.TemporaryDirectory(prefix="argofix-histories-") as directory,
        patch.object(bot.server.app, "HOUSEKEEPING", 1e6),
        patch.object(bot.queue.waiting, "PATIENCE", 1e6),
        patch.object(judging, "GRACE", 0),
        Stage(Path(directory)) as stage,
    ):
        yield stage


@pytest.mark.parametrize("history", KNOWN.values(), ids=KNOWN)
def test_what_is_known_to_be_hard(stage: Stage, history: list[Step]) -> None:
    look_at(stage, history)


@settings(max_examples=EXAMPLES, derandomize=EXAMPLES <= FEW, phases=PHASES)
@given(history=st.lists(STEPS, min_size=6, max_size=14))
def test_the_gate_is_right_and_everybody_is_answered(stage: Stage, history: list[Step]) -> None:
    look_at(stage, history)


def look_at(stage: Stage, history: list[Step]) -> None:
    world = stage.play(history)
    assert not world.wrong, "\n".join(dict.fromkeys(world.wrong))
    stage.github.assert_no_violations()
