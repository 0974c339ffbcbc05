"""Fixtures for everybody: an engine on the real renderer, whose cache lives as long as the test session."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import bot.rendering.evaluation
from bot.rendering.driver import Engine
from tests.declared import held_rules

# How fast examples are made is the machine's affair: on a busy one both limits fail tests that are right.
settings.register_profile("argofix", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("argofix")


def pytest_collection_finish() -> None:
    """Modules, schemas and 9,000 tests stay until the end: looking through them for garbage again and again was a
    tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def declared() -> Iterator[None]:
    """Whatever a test judges, rules are held to what they declare."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot.rendering.evaluation, "rules", held_rules)
        yield


@pytest.fixture(scope="session")
def engine_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="session")
def probed(engine_directory: Path) -> Path:
    """The same directory, with what an engine finds out when it starts for the first time."""

    async def start() -> None:
        await (await Engine.start(engine_directory)).close()

    with ThreadPoolExecutor(1) as thread:  # a test's own loop may be running
        thread.submit(asyncio.run, start()).result()
    return engine_directory


@pytest.fixture
async def engine(engine_directory: Path) -> AsyncIterator[Engine]:
    engine = await Engine.start(engine_directory)
    yield engine
    await engine.close()
