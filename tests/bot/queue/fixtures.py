"""Every test of a store runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.queue.deliveries import DeliveryStore
from tests.bot.queue.beds import Bed, PostgresqlBed, SqliteBed
from tests.postgresql import MISSING, PostgresqlServer, postgresql, programs


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    if programs() is None:
        if os.environ.get("TESTS_NEED_POSTGRESQL"):
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    with postgresql() as server:
        yield server


@pytest.fixture
async def postgresql_bed(postgresql_server: PostgresqlServer) -> AsyncIterator[PostgresqlBed]:
    bed = PostgresqlBed(postgresql_server)
    yield bed
    await bed.close()


@pytest.fixture
async def sqlite_bed(tmp_path: Path) -> AsyncIterator[SqliteBed]:
    bed = SqliteBed(tmp_path)
    yield bed
    await bed.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def bed(request: pytest.FixtureRequest) -> Bed:
    found: Bed = request.getfixturevalue(f"{request.param}_bed")
    return found


@pytest.fixture
async def store(bed: Bed) -> DeliveryStore:
    return await bed.open()
