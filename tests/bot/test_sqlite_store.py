"""What the delivery store keeps, through kills, full disks and many callers at once."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.deliveries import Delivery, State, StoreUnavailable, delivery_of
from bot.sqlite_store import SqliteStore, StateDirectoryInUse
from tests.bot.payloads import encoded, pull_request

NOW = 1_800_000_000.0


def delivery(name: str, *, repo: int = 42, number: int = 1, action: str = "synchronize") -> Delivery:
    return delivery_of(name, "pull_request", encoded(pull_request(action, repo=repo, number=number)), NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "argofix.db")
    yield store
    await store.close()


async def state(store: SqliteStore, name: str) -> tuple[str, str]:
    found = await store.get(name)
    assert found is not None
    return found.state.value, found.result


async def test_a_delivery_goes_through_its_states(store: SqliteStore) -> None:
    given = delivery("d1")
    assert not (await store.store(given)).already_processed
    assert await store.get("d1") == given
    (taken,) = await store.take(5, NOW)
    assert taken == replace(given, state=State.RUNNING)
    assert await store.take(5, NOW) == []
    await store.finish("d1", State.DONE, now=NOW + 1, result="ok")
    done = await store.get("d1")
    assert done is not None
    assert (done.state, done.payload, done.finished_at) == (State.DONE, b"", NOW + 1)


async def test_it_is_known_again_only_once_it_was_processed(store: SqliteStore) -> None:
    for _ in range(3):
        assert not (await store.store(delivery("d1"))).already_processed
    await store.take(1, NOW)
    assert not (await store.store(delivery("d1"))).already_processed
    await store.finish("d1", State.DONE, now=NOW, result="ok")
    assert (await store.store(delivery("d1"))).already_processed
    assert await store.take(5, NOW) == []
    assert sum((await store.counts()).values()) == 1


async def test_a_redelivery_of_a_dead_one_is_worked_on(store: SqliteStore) -> None:
    await store.store(delivery("d1"))
    await store.take(1, NOW)
    await store.finish("d1", State.DEAD, now=NOW, result="it cannot be")
    assert [d.id for d in await store.listed([State.DEAD])] == ["d1"]
    assert not (await store.store(delivery("d1"))).already_processed
    (taken,) = await store.take(1, NOW)
    assert taken.attempts == 0
    await store.finish("d1", State.DEAD, now=NOW, result="still not")
    assert await store.retry("d1")
    assert not await store.retry("d1")
    assert (await store.take(1, NOW))[0].payload == delivery("d1").payload


async def test_one_at_a_time_for_a_repository_in_order_and_several_repositories_at_once(store: SqliteStore) -> None:
    for i, (repo, number) in enumerate([(1, 1), (1, 2), (2, 1), (3, 1)]):
        await store.store(delivery(f"d{i}", repo=repo, number=number))
    assert [d.id for d in await store.take(2, NOW)] == ["d0", "d2"]
    assert [d.id for d in await store.take(5, NOW)] == ["d3"]
    assert await store.take(5, NOW) == []
    assert await store.next_due() is None
    await store.finish("d0", State.DONE, now=NOW, result="ok")
    assert await store.next_due() is not None
    assert [d.id for d in await store.take(5, NOW)] == ["d1"]


async def test_a_newer_head_supersedes_what_waits_and_names_what_runs(store: SqliteStore) -> None:
    await store.store(delivery("old"))
    await store.store(delivery("other", number=2))
    await store.store(delivery("closed", action="closed"))
    assert (await store.store(delivery("new"))).overtaken == ()
    assert await state(store, "old") == ("done", "superseded")
    assert (await state(store, "other"))[0] == (await state(store, "closed"))[0] == "queued"
    await store.take(1, NOW)
    await store.finish("other", State.DONE, now=NOW, result="ok")
    await store.take(1, NOW)
    await store.finish("closed", State.DONE, now=NOW, result="ok")
    await store.take(1, NOW)
    assert (await store.store(delivery("newest"))).overtaken == ("new",)
    # Its next attempt would do again what the newer one does anyway.
    await store.give_back("new", not_before=NOW + 5, attempts=1, result="busy")
    assert await state(store, "new") == ("done", "superseded")
    assert [d.id for d in await store.take(5, NOW)] == ["newest"]


async def test_what_waits_for_its_time_holds_up_nobody(store: SqliteStore) -> None:
    await store.store(delivery("d1"))
    await store.store(delivery("d2", number=2))
    await store.take(1, NOW)
    await store.give_back("d1", not_before=NOW + 60, attempts=1, result="busy")
    assert [d.id for d in await store.take(5, NOW)] == ["d2"]
    await store.finish("d2", State.DONE, now=NOW, result="ok")
    assert await store.take(5, NOW + 59) == []
    assert await store.next_due() == NOW + 60
    (taken,) = await store.take(5, NOW + 60)
    assert (taken.id, taken.attempts, taken.result) == ("d1", 1, "busy")


async def test_storage_is_bounded(store: SqliteStore) -> None:
    for name, end in (("a", State.DONE), ("b", State.DEAD), ("c", State.DONE)):
        await store.store(delivery(name, number=ord(name)))
        await store.take(1, NOW)
        await store.finish(name, end, now=NOW + (100 if name == "c" else 0), result="")
    await store.store(delivery("waits"))
    assert await store.expire(done_before=NOW + 1, dead_before=NOW) == 1
    assert {d.id for d in await store.listed(list(State))} == {"b", "c", "waits"}


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


VICTIM = """
import asyncio, sys
from pathlib import Path
from bot.sqlite_store import SqliteStore
from tests.bot.test_sqlite_store import delivery, NOW

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    await store.store(delivery("running", repo=1))
    await store.take(1, NOW)
    async def one(i):
        await store.store(delivery(f"d{i}", repo=i % 7 + 2, number=i))
        print(i, flush=True)
    for start in range(0, 100_000, 20):
        await asyncio.gather(*(one(i) for i in range(start, start + 20)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 57, 200])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, after: int) -> None:
    path = tmp_path / "argofix.db"
    victim = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed, not waited for
        [sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    acknowledged = [int(victim.stdout.readline()) for _ in range(after)]
    os.kill(victim.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in victim.stdout.read().split("\n")[:-1] if line.strip()]
    victim.stdout.close()
    victim.wait()

    store = SqliteStore(path)
    assert await store.recover() == 1
    kept = {d.id for d in await store.listed([State.QUEUED], limit=1_000_000)}
    assert kept >= {f"d{i}" for i in acknowledged} | {"running"}
    again = await store.get("running")
    assert again is not None
    assert (again.attempts, again.result) == (1, "the server ended while it ran")
    await store.close()


async def test_what_was_superseded_while_its_server_died_is_remembered(store: SqliteStore) -> None:
    await store.store(delivery("old"))
    await store.take(1, NOW)
    await store.store(delivery("new"))
    await store.recover()
    assert await state(store, "old") == ("done", "superseded")
    await store.expire(done_before=NOW - 3600, dead_before=NOW - 3600)
    assert (await store.store(delivery("old"))).already_processed
