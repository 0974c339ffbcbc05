"""Fixtures for everybody: an engine on the real renderer, whose cache lives as long as the test session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine import Engine


@pytest.fixture(scope="session")
def engine_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture
async def engine(engine_directory: Path) -> AsyncIterator[Engine]:
    engine = await Engine.start(engine_directory)
    yield engine
    await engine.close()
