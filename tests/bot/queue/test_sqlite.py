"""What is SQLite's own: one file, one server, one writer."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.process.exclusive import StateDirectoryInUse
from bot.queue.deliveries import State, StoreUnavailable
from bot.queue.sqlite.store import SqliteStore
from tests.bot.queue.samples import NOW, delivery


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "argofix.db")
    yield store
    await store.close()


async def test_many_callers_share_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = 0
    original = SqliteStore._commit

    def counted(self: SqliteStore, *args: object, **more: object) -> bool:
        nonlocal commits
        commits += 1
        return original(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteStore, "_commit", counted)
    store = SqliteStore(tmp_path / "argofix.db")
    await asyncio.gather(*(store.store(delivery(f"d{i}", number=i)) for i in range(500)))
    assert (await store.counts())[State.QUEUED] == 500
    assert commits < 250
    await store.close()


async def test_one_bad_operation_does_not_spoil_its_neighbours(store: SqliteStore) -> None:
    bad = replace(delivery("bad", number=9), event=None)  # type: ignore[arg-type]
    results = await asyncio.gather(
        *(store.store(d) for d in (delivery("a", number=1), bad, delivery("b", number=2))), return_exceptions=True
    )
    assert isinstance(results[1], StoreUnavailable)
    assert {d.id for d in await store.listed([State.QUEUED])} == {"a", "b"}


async def test_a_database_that_fails_says_so_and_recovers(store: SqliteStore, tmp_path: Path) -> None:
    await store.store(delivery("d1"))
    with sqlite3.connect(tmp_path / "argofix.db", isolation_level=None) as other:
        other.execute("ALTER TABLE deliveries RENAME TO gone")
        with pytest.raises(StoreUnavailable):
            await store.store(delivery("d2", number=2))
        other.execute("ALTER TABLE gone RENAME TO deliveries")
    other.close()
    await store.store(delivery("d2", number=2))
    assert (await store.counts())[State.QUEUED] == 2


async def test_two_servers_never_share_a_file_but_a_reader_may(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(StateDirectoryInUse):
        SqliteStore(tmp_path / "argofix.db")
    await store.store(delivery("d1"))
    reader = SqliteStore(tmp_path / "argofix.db", exclusive=False)
    assert (await reader.counts())[State.QUEUED] == 1
    await reader.close()
    with pytest.raises(StoreUnavailable):
        await reader.counts()


async def test_the_file_is_for_its_owner_only(store: SqliteStore, tmp_path: Path) -> None:
    await store.store(delivery("d1"))
    with os.scandir(tmp_path) as files:
        assert {f.name: f.stat().st_mode & 0o077 for f in files if f.stat().st_mode & 0o077} == {}


def test_a_place_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(StoreUnavailable):
        SqliteStore(Path("/proc/nowhere/argofix.db"))


async def test_a_database_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "argofix.db"
    old = SqliteStore(path)
    await old.store(delivery("d1"))
    await old.take(1, NOW)
    await old.store(delivery("d2", number=2))
    await old.close()
    with sqlite3.connect(path) as db:
        db.executescript(
            "DROP INDEX at_work; DROP TABLE firsts; DROP TABLE turns;"
            "ALTER TABLE deliveries DROP COLUMN installation; ALTER TABLE deliveries DROP COLUMN rank"
        )
    db.close()
    new = SqliteStore(path)
    assert await new.recover() == 1
    assert [each.id for each in await new.take(5, NOW)] == ["d1"]
    await new.finish("d1", State.DONE, now=NOW, result="ok")
    (second,) = await new.take(5, NOW)
    assert (second.id, second.installation) == ("d2", 0)
    await new.close()


async def test_a_turn_takes_a_step_for_each_installation_and_not_for_each_lane(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "argofix.db")
    steps: list[int] = []
    for lanes in (50, 500):
        await asyncio.gather(*(store.store(delivery(f"{lanes}/{i}", repo=lanes * 1000 + i)) for i in range(lanes)))
        count = 0

        def counted() -> int:
            nonlocal count
            count += 1
            return 0

        store._db.set_progress_handler(counted, 10)
        (taken,) = await store.take(1, NOW)
        store._db.set_progress_handler(None, 10)
        steps.append(count)
        await store.finish(taken.id, State.DONE, now=NOW, result="ok")
    assert steps[1] < 2 * steps[0]
    await store.close()
