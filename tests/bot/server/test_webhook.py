"""Signed bytes in; a status and a stored delivery out. The real application over real HTTP."""

import asyncio
import hashlib
import hmac
import io
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from multidict import CIMultiDict

import bot.server.arrivals
from bot.github.events import Event
from bot.process.metrics import Metrics
from bot.queue.deliveries import Delivery, State, Stored, StoreUnavailable
from bot.queue.sqlite.store import SqliteStore
from bot.server.arrivals import Arrivals
from bot.server.http import application, listening
from bot.server.operator_faults import OperatorFaults
from bot.server.webhook import MAX_BYTES, Webhook
from tests.bot.clocks import HandClock
from tests.bot.payloads import encoded, pull_request

SECRET = "a long enough secret"
BODY = encoded(pull_request("opened"))


def signature(body: bytes, secret: str = SECRET, kind: str = "sha256") -> str:
    return f"{kind}=" + hmac.new(secret.encode(), body, kind).hexdigest()


@dataclass
class Site:
    """A listening server; `problems` is what /readyz has to say."""

    store: SqliteStore
    metrics: Metrics
    problems: dict[str, str] = field(default_factory=dict)
    operator_faults: OperatorFaults = field(default_factory=OperatorFaults)
    full: bool = False
    url: str = ""
    session: aiohttp.ClientSession = field(init=False)
    arrivals: Arrivals = field(init=False)
    clock: HandClock = field(default_factory=HandClock)

    async def accept(self, delivery: Delivery) -> Stored:
        if self.full:
            raise StoreUnavailable("the disk is full")
        return await self.store.store(delivery)

    async def post(self, body: bytes = BODY, **changes: str | None) -> int:
        """POST with right headers, changed by name (`_` for `-`, None leaves one out)."""
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "pull_request",
            "X-GitHub-Delivery": "d1",
            "X-Hub-Signature-256": signature(body),
        }
        for name, value in changes.items():
            key = name.replace("_", "-")
            headers.pop(key, None)
            if value is not None:
                headers[key] = value
        # A stream of its own: aiohttp warns about large plain bytes.
        async with self.session.post(f"{self.url}/webhook", data=io.BytesIO(body), headers=headers) as answer:
            return answer.status

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def stored(self) -> list[str]:
        return [delivery.id for delivery in await self.store.listed(list(State))]


def _pull_requests(event: Event) -> bool:
    return event.name == "pull_request"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(SqliteStore(tmp_path / "argofix.db"), Metrics())
    webhook = Webhook(SECRET, site.accept, _pull_requests, site.clock, site.metrics)
    site.arrivals = webhook.arrivals
    app = application(webhook, site.metrics, {"queue": lambda: site.problems.get("queue")}, site.operator_faults)
    async with listening(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        site.url, site.session = f"http://127.0.0.1:{port}", session
        yield site
    await site.store.close()


async def test_a_signed_event_is_stored_before_it_is_acknowledged(site: Site) -> None:
    assert await site.post() == 202
    kept = await site.store.get("d1")
    assert kept is not None
    assert (kept.state, kept.payload, kept.lane) == (State.QUEUED, BODY, "repository/42")
    assert await site.post() == 202  # queued, but not processed
    await site.store.take(1, 2e9)
    await site.store.finish("d1", State.DONE, now=0, result="ok")
    assert await site.post() == 200
    assert await site.stored() == ["d1"]


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        signature(BODY, "wrong"),
        signature(BODY).removeprefix("sha256="),
        signature(BODY).upper(),
        signature(BODY) + "0",
        signature(BODY, kind="sha1"),
        signature(BODY + b" "),
    ],
)
async def test_nobody_without_a_right_sha256_signature_gets_in(site: Site, given: str | None) -> None:
    assert await site.post(X_Hub_Signature_256=given, X_Hub_Signature=signature(BODY, kind="sha1")) == 401
    assert await site.stored() == []


@pytest.mark.parametrize("others", [["sha256=" + "0" * 64], [""], [signature(BODY)]], ids=["wrong", "empty", "same"])
@pytest.mark.parametrize("first", [True, False])
async def test_two_signatures_are_none(site: Site, others: list[str], first: bool) -> None:
    """Whoever stands between may believe the other one."""
    given = [signature(BODY), *others] if first else [*others, signature(BODY)]
    headers = CIMultiDict({"Content-Type": "application/json", "X-GitHub-Event": "pull_request"})
    headers["X-GitHub-Delivery"] = "d1"
    for each in given:
        headers.add("X-Hub-Signature-256", each)
    async with site.session.post(f"{site.url}/webhook", data=io.BytesIO(BODY), headers=headers) as answer:
        assert answer.status == 401
    assert await site.stored() == []


async def test_signatures_are_compared_in_constant_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is nothing to measure here, so: by the function that is made for it, and by its word alone."""
    compared: list[tuple[str, str]] = []

    def says_yes(right: str, given: str) -> bool:
        compared.append((right, given))
        return True

    monkeypatch.setattr(hmac, "compare_digest", says_yes)
    assert await site.post(X_Hub_Signature_256=FORGED["X-Hub-Signature-256"]) == 202
    assert compared == [(signature(BODY).removeprefix("sha256="), "0" * 64)]


@pytest.mark.parametrize(
    "changes",
    [
        {"X_GitHub_Event": None},
        {"X_GitHub_Event": "Pull Request"},
        {"X_GitHub_Delivery": None},
        {"X_GitHub_Delivery": "x" * 300},
        {"Content_Type": "application/x-www-form-urlencoded"},
    ],
)
async def test_what_is_signed_but_no_delivery_is_malformed(site: Site, changes: dict[str, str | None]) -> None:
    assert await site.post(BODY, **changes) == 400
    assert await site.stored() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"a": NaN}', b"[" * 200_000, b"{}"])
async def test_bad_payloads_are_malformed(site: Site, body: bytes) -> None:
    assert await site.post(body) == 400
    assert await site.post() == 202  # and the next one is served


FORGED = {"X-Hub-Signature-256": "sha256=" + "0" * 64}


async def test_size_comes_before_everything(site: Site) -> None:
    assert await site.post(b" " * (MAX_BYTES + 1)) == 413
    assert await site.post(b" " * MAX_BYTES) == 400
    announced = Slow(site, MAX_BYTES + 1)
    await announced.unheard()
    assert await announced.answer() == 413  # before a byte of the body was sent
    announced.close()


async def test_a_body_has_ten_seconds_and_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bot.server.arrivals.READ_SECONDS == 10.0
    monkeypatch.setattr(bot.server.arrivals, "READ_SECONDS", 0.05)
    slow = Slow(site, 1_000)
    await slow.unheard()
    assert await slow.answer() == 400
    slow.close()


async def test_a_body_without_a_length_is_bounded_too(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BYTES // 65536 + 2):
            yield b" " * 65536

    try:
        async with site.session.post(f"{site.url}/webhook", data=endless(), headers=FORGED) as answer:
            assert answer.status == 413
    except aiohttp.ClientConnectionError:
        pass  # it hung up on us, which bounds it as well
    assert await site.stored() == []


async def test_a_compressed_body_is_not_unpacked(site: Site) -> None:
    bomb = zlib.compress(b" " * 50_000_000)
    assert await site.post(bomb, Content_Encoding="deflate") == 400
    # Refused for what it announces: one that sends nothing has its answer as well.
    for encoding in ("deflate", "gzip", "br"):
        slow = Slow(site, len(bomb), more=f"Content-Encoding: {encoding}\r\n")
        await slow.unheard()
        assert await slow.answer() == 400
        slow.close()


async def test_a_big_payload_is_taken(site: Site) -> None:
    payload = pull_request("opened")
    payload["pull_request"]["body"] = "x" * 1_000_000
    assert await site.post(encoded(payload)) == 202


async def test_events_that_nobody_handles_are_acknowledged_and_dropped(site: Site) -> None:
    assert await site.post(b'{"zen": "x"}', X_GitHub_Event="ping") == 202
    assert await site.stored() == []


async def test_without_a_store_github_is_told_to_come_again(site: Site) -> None:
    site.full = True
    assert await site.post() == 503
    site.full = False
    assert await site.post() == 202


async def test_many_at_once(site: Site) -> None:
    answers = await asyncio.gather(*(site.post(X_GitHub_Delivery=f"d{i}") for i in range(200)))
    assert answers == [202] * 200
    assert len(await site.stored()) == 100  # `listed` shows the newest hundred
    assert sum((await site.store.counts()).values()) == 200


async def test_health_readiness_and_metrics(site: Site) -> None:
    assert (await site.get("/healthz"))[0] == 200
    assert (await site.get("/readyz"))[0] == 200
    site.problems["queue"] = "the disk is full"
    status, text = await site.get("/readyz")
    assert (status, "the disk is full" in text) == (503, True)
    await site.post()
    await site.post(X_Hub_Signature_256=None)
    _, figures = await site.get("/metrics")
    assert 'argofix_deliveries_total{event="pull_request",result="accepted"} 1.0' in figures
    # A forged request cannot choose a label.
    assert 'argofix_deliveries_total{event="unknown",result="refused"} 1.0' in figures
    assert (await site.get("/nowhere"))[0] == 404


def test_the_signature_is_that_of_githubs_documentation() -> None:
    digest = hmac.new(b"It's a Secret to Everybody", b"Hello, World!", hashlib.sha256).hexdigest()
    assert digest == "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


class Slow:
    """A sender that announces a body and does not come to its end."""

    def __init__(
        self, site: Site, length: int, signature: str | None = FORGED["X-Hub-Signature-256"], more: str = ""
    ) -> None:
        self._site = site
        signed = (f"X-Hub-Signature-256: {signature}\r\n" if signature is not None else "") + more
        self._head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{signed}\r\n".encode()

    async def send(self, data: bytes = b"{") -> None:
        """Send so much of the body, and wait until it is there."""
        before = sum(each.received for each in self._site.arrivals._here)
        if self._head:
            port = int(self._site.url.rpartition(":")[2])
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(self._head + data)
        self._head = b""
        async with asyncio.timeout(10):
            while sum(each.received for each in self._site.arrivals._here) < before + len(data):  # noqa: ASYNC110
                await asyncio.sleep(0)  # the server's own progress

    async def answer(self) -> int:
        async with asyncio.timeout(5):
            return int((await self._reader.readline()).split()[1])

    async def unheard(self) -> None:
        port = int(self._site.url.rpartition(":")[2])
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(self._head)

    def close(self) -> None:
        self._writer.close()


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=" + "0" * 63, "sha1=" + "0" * 40])
async def test_nobody_is_waited_for_who_announces_no_signature(site: Site, signature: str | None) -> None:
    slow = Slow(site, MAX_BYTES, signature)
    await slow.unheard()
    assert await slow.answer() == 401
    slow.close()


@pytest.mark.parametrize("length", [MAX_BYTES, 1_000_000, 1_000])
async def test_slow_bodies_do_not_hold_up_a_signed_one(site: Site, length: int) -> None:
    """A hundred of them, each of which announces a signature; the clock stands still, so that none has run out of
    time."""
    slow = [Slow(site, length) for _ in range(100)]
    for each in slow:
        await each.send()
    payload = pull_request("opened")
    payload["pull_request"]["body"] = "x" * 1_000_000
    async with asyncio.timeout(5):
        assert await site.post(encoded(payload)) == 202
        assert await site.post(X_GitHub_Delivery="d2") == 202
    for each in slow:
        each.close()


async def test_whoever_comes_when_all_places_are_taken_sends_away_the_slowest(site: Site) -> None:
    site.arrivals.places = 3
    slow = [Slow(site, MAX_BYTES) for _ in range(3)]
    for each, size in zip(slow, (50_000, 1, 40_000), strict=True):
        await each.send(b" " * size)
    assert await site.post() == 503  # they came a moment ago, as it did
    site.clock.advance(1.0)
    assert await site.post() == 202
    assert await slow[1].answer() == 400
    assert len(site.arrivals._here) == 2
    for each in slow:
        each.close()


async def test_the_more_are_on_their_way_the_less_time_each_has(site: Site) -> None:
    site.arrivals.places = 10
    slow = [Slow(site, MAX_BYTES) for _ in range(5)]
    assert site.arrivals.seconds == 10.0
    for each in slow:
        await each.send()
    assert site.arrivals.seconds == 5.0
    site.clock.advance(4.9)
    assert await site.post() == 202
    assert len(site.arrivals._here) == 5
    site.clock.advance(0.2)
    assert await site.post(X_GitHub_Delivery="d2") == 202
    assert [await each.answer() for each in slow] == [400] * 5
    assert site.arrivals.seconds == 10.0
    for each in slow:
        each.close()


async def test_what_has_come_is_bounded_and_nothing_else(site: Site) -> None:
    site.arrivals.most_bytes = 100_000
    slow = [Slow(site, MAX_BYTES) for _ in range(4)]
    for each, size in zip(slow, (40_000, 20_000, 30_000, 1), strict=True):
        await each.send(b" " * size)
    site.clock.advance(1.0)
    late = Slow(site, MAX_BYTES)
    await late.send(b" ")
    late._writer.write(b" " * 30_000)
    assert [await slow[at].answer() for at in (3, 1, 2)] == [400] * 3  # from the slowest on, until it is enough
    assert site.arrivals._bytes == sum(each.received for each in site.arrivals._here) == 70_001
    for each in (*slow, late):
        each.close()
