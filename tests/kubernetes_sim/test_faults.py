"""What goes wrong when a test asks for it, and only then."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.kubernetes import (
    Effect,
    Fault,
    expired,
    garbage,
    half_body,
    held,
    internal_error,
    reset,
    too_many_requests,
    unavailable,
)
from tests.kubernetes_sim.conftest import SECRETS, Client


@pytest.mark.parametrize(
    ("effect", "status", "reason", "kind"),
    [
        (internal_error(), 500, "InternalError", "application/json"),
        (expired(), 410, "Expired", "application/json"),
        (unavailable(), 503, None, "text/plain"),
        (too_many_requests(), 429, None, "text/plain"),
        (garbage(b"<html>", 502, "text/html"), 502, None, "text/html"),
    ],
)
async def test_errors(client: Client, effect: Effect, status: int, reason: str | None, kind: str) -> None:
    client.cluster.faults.append(Fault(effect, path="/secrets"))
    answer = await client.get(SECRETS)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith(kind)
    if reason is not None:
        assert (answer.json["kind"], answer.json["reason"], answer.json["code"]) == ("Status", reason, status)
    assert (await client.get(SECRETS)).status == 200, "a fault happens once unless told otherwise"


async def test_a_busy_server_says_when_to_come_back(client: Client) -> None:
    client.cluster.faults += [Fault(too_many_requests(7)), Fault(too_many_requests(None))]
    assert (await client.get(SECRETS)).headers["Retry-After"] == "7"
    assert "Retry-After" not in (await client.get(SECRETS)).headers


async def test_half_a_body_is_announced_in_full(client: Client) -> None:
    client.cluster.secret("shop", "db", {"a": "1"})
    client.cluster.faults.append(Fault(half_body()))
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.get(SECRETS)
    assert [request.status for request in client.cluster.requests] == [0]


async def test_a_cut_connection(client: Client) -> None:
    # For ever: aiohttp asks once more by itself.
    client.cluster.faults.append(Fault(reset(), times=None))
    with pytest.raises(aiohttp.ClientError):
        await client.get(SECRETS)


async def test_a_held_request_waits_for_the_test(client: Client) -> None:
    gate = asyncio.Event()
    client.cluster.faults.append(Fault(held(gate), path="/secrets"))
    asked = asyncio.create_task(client.get(SECRETS))
    assert (await client.get("/version")).status == 200, "others are served meanwhile"
    assert not asked.done()
    gate.set()
    assert (await asked).status == 200


async def test_faults_choose_by_path_skip_and_times(client: Client) -> None:
    client.cluster.faults.append(Fault(internal_error(), path="limit=2", skip=1, times=2))
    plain = [(await client.get(SECRETS)).status for _ in range(2)]
    chosen = [(await client.get(SECRETS, limit="2")).status for _ in range(4)]
    assert (plain, chosen) == ([200, 200], [200, 500, 500, 200])


async def test_a_large_answer_is_compressed_for_who_takes_it(client: Client) -> None:
    client.cluster.secret("shop", "big", {"a": "x" * 200_000})
    answer = await client.get(SECRETS)
    assert answer.headers["Content-Encoding"] in ("gzip", "deflate")
    assert len(answer.json["items"]) == 1
