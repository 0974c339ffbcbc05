"""Fixtures for everybody: an engine on the real renderer, whose cache lives as long as the test session."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
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


def pytest_collection(session: pytest.Session) -> None:
    """Workers collect the same modules at the same time, and would compile each of them once for each worker. So each
    begins with others, and reads what its neighbours have written."""
    config, given = session.config, getattr(session.config, "workerinput", None)
    if given is None or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    files = sorted((config.rootpath / "tests").rglob("test_*.py"))
    start = len(files) * int(given["workerid"].removeprefix("gw")) // given["workercount"]
    for file in files[start:] + files[:start]:
        # What cannot be imported is told when it is collected.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))


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
