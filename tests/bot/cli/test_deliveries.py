"""`argofix deliveries` beside a running server, on both databases."""

from __future__ import annotations

import json
import os
import subprocess

from bot.queue.deliveries import DeliveryStore, State
from tests.bot.cli import processes
from tests.bot.queue.beds import Bed, PostgresqlBed, SqliteBed
from tests.bot.queue.samples import delivery


def argofix(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    done = processes.run(["deliveries", *words], {**os.environ, **env})
    return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())


async def fill(store: DeliveryStore, bed: Bed) -> None:
    await store.store(delivery("gone", at=bed.now()))
    await store.take(1, bed.now())
    await store.finish("gone", State.DEAD, now=bed.now(), result="Not Found\x1b[2J\nsecond line")
    await store.store(delivery("waits", number=2, at=bed.now()))


async def test_people_list_look_and_retry_beside_a_server(store: DeliveryStore, bed: Bed) -> None:
    await fill(store, bed)
    done = argofix("list", ARGOFIX_DATABASE_URL=bed.url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:4] for line in lines[:3]] == [
        ["STATE", "ID", "EVENT", "REPOSITORY"],
        ["queued", "waits", "pull_request", "octo/deploy"],
        ["dead", "gone", "pull_request", "octo/deploy"],
    ]
    assert lines[2].endswith("0         Not Found\\x1b[2J second line")
    assert lines[-1] == "1 queued, 0 running, 0 done, 1 dead"

    shown = argofix("show", "gone", "--database", bed.url)
    assert "result:" in shown.stdout and "clone_url" not in shown.stdout
    assert "clone_url" in argofix("show", "gone", "--payload", "--database", bed.url).stdout

    retried = argofix("retry", "gone", "waits", "nothing", "--database", bed.url)
    assert retried.returncode == 1
    assert [line.removeprefix("argofix: ") for line in retried.stderr.splitlines()] == [
        "gone is queued again",
        "waits is queued, not dead",
        "there is no delivery nothing",
    ]
    # The server sees it without being told.
    (again,) = await store.take(1, bed.now())
    assert (again.id, again.attempts) == ("gone", 0)


async def test_scripts_get_json(store: DeliveryStore, bed: Bed) -> None:
    await fill(store, bed)
    found = json.loads(argofix("list", "--format", "json", "--state", "dead", "--database", bed.url).stdout)
    assert found["schema"] == 1
    assert found["counts"] == {"queued": 1, "running": 0, "done": 0, "dead": 1}
    assert [(each["id"], each["state"], each["lane"]) for each in found["deliveries"]] == [
        ("gone", "dead", "repository/42")
    ]
    one = json.loads(argofix("show", "gone", "--format", "json", "--payload", "--database", bed.url).stdout)
    assert one["delivery"]["payload"]["repository"]["full_name"] == "octo/deploy"
    assert argofix("show", "nothing", "--database", bed.url).returncode == 1


def test_what_cannot_be_done_is_said_in_one_line(sqlite_bed: SqliteBed, postgresql_bed: PostgresqlBed) -> None:
    for words in (
        ("list", "--database", sqlite_bed.url),
        ("list", "--database", postgresql_bed.url),
        ("list", "--database", "postgresql://argofix:passw0rd@/nowhere?host=/nowhere"),
        ("list", "--database", "mysql://x"),
        ("move", "--from", sqlite_bed.url, "--to", sqlite_bed.url),
        ("move", "--from", sqlite_bed.url, "--to", postgresql_bed.url),
    ):
        done = argofix(*words)
        assert done.returncode == 2, words
        assert len(done.stderr.splitlines()) == 1 and "passw0rd" not in done.stderr, done.stderr


async def test_everything_moves_there_and_back(sqlite_bed: SqliteBed, postgresql_bed: PostgresqlBed) -> None:
    store = await sqlite_bed.open()
    await fill(store, sqlite_bed)
    await store.store(delivery("done", repo=7, at=sqlite_bed.now()))
    await store.take(2, sqlite_bed.now())  # `waits` stays running: its server dies
    await store.finish("done", State.DONE, now=sqlite_bed.now(), result="ok")
    beside = argofix("move", "--from", sqlite_bed.url, "--to", postgresql_bed.url)
    assert beside.returncode == 2 and "another argofix server" in beside.stderr
    await store.close()

    there = argofix("move", "--from", sqlite_bed.url, "--to", postgresql_bed.url)
    assert there.returncode == 0, there.stderr
    assert "3 deliveries moved" in there.stderr
    server = await postgresql_bed.open()
    assert (await server.store(delivery("done", repo=7))).already_processed
    (waits,) = await server.take(5, postgresql_bed.now())
    assert (waits.id, waits.attempts, waits.payload) == ("waits", 1, delivery("waits", number=2).payload)
    refused = argofix("move", "--from", postgresql_bed.url, "--to", sqlite_bed.url)
    assert refused.returncode == 2 and "sign of life" in refused.stderr
    await server.close()

    assert argofix("move", "--from", postgresql_bed.url, "--to", sqlite_bed.url).returncode == 0
    back = await sqlite_bed.open()
    assert await back.counts() == {State.QUEUED: 1, State.RUNNING: 0, State.DONE: 1, State.DEAD: 1}
    assert [each.id for each in await back.take(5, sqlite_bed.now())] == ["waits"]
