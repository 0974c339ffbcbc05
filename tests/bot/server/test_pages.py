"""A page is shown to whoever has its whole address, until that expires; over real HTTP, from either database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import aiohttp
import pytest

from bot.process.metrics import Metrics
from bot.queue.deliveries import DeliveryStore
from bot.queue.pages import Page, too_many
from bot.server.http import application, listening
from bot.server.operator_faults import OperatorFaults
from bot.server.pages import KEPT, Pages
from bot.server.webhook import Webhook
from tests.bot.clocks import HandClock

HTML = "<!doctype html><title>what merging changes</title>" + "<p>é one line of a difference</p>" * 2_000


@asynccontextmanager
async def serving(store: DeliveryStore, clock: HandClock, secret: str = "a long secret") -> AsyncIterator[Pages]:
    """A server that shows pages; `public_url` is where it listens."""
    metrics = Metrics()
    webhook = Webhook(secret, store.store, lambda _event: True, clock, metrics)
    shown = Pages(store, secret, "", clock)
    app = application(webhook, metrics, {}, OperatorFaults(), shown=shown)
    async with listening(app, "127.0.0.1", 0) as port:
        object.__setattr__(shown, "public_url", f"http://127.0.0.1:{port}")
        yield shown


async def got(address: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as answer:
        return answer.status, await answer.text(), {name.lower(): value for name, value in answer.headers.items()}


def with_query(address: str, **changes: str) -> str:
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return urlunsplit(parts._replace(query=urlencode(query)))


async def test_a_page_is_shown_whole_and_kept_by_nobody_on_the_way(store: DeliveryStore) -> None:
    clock = HandClock()
    async with serving(store, clock) as pages:
        address = await pages.publish(HTML)
        assert address is not None
        for accepted in ("gzip", "identity"):
            status, text, headers = await got(address, **{"Accept-Encoding": accepted})
            assert (status, text) == (200, HTML)
            assert headers["cache-control"] == "private, no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert "script-src" not in headers["content-security-policy"]


async def test_its_address_stays_for_a_while_and_is_good_for_a_month(store: DeliveryStore) -> None:
    clock = HandClock()
    async with serving(store, clock) as pages:
        address = await pages.publish(HTML)
        assert address is not None
        clock.advance(60)
        assert await pages.publish(HTML) == address
        clock.advance(KEPT - 61)
        assert (await got(address))[0] == 200
        clock.advance(8 * 24 * 3600)
        status, text, _ = await got(address)
        assert status == 410
        assert "expired" in text


@pytest.mark.parametrize(
    "change", [{"signature": "0" * 64}, {"signature": ""}, {"expires": "99999999999"}, {"expires": "x"}]
)
async def test_nothing_is_told_without_the_whole_address(store: DeliveryStore, change: dict[str, str]) -> None:
    async with serving(store, HandClock()) as pages:
        address = await pages.publish(HTML)
        assert address is not None
        known = await got(with_query(address, **change))
        unknown = await got(with_query(address.replace(address.split("/pages/")[1][:64], "ab" * 32), **change))
        assert known[:2] == unknown[:2]
        assert known[0] == 404


async def test_the_address_of_one_page_opens_no_other(store: DeliveryStore) -> None:
    async with serving(store, HandClock()) as pages:
        one, other = await pages.publish(HTML), await pages.publish(HTML + "another")
        assert one is not None
        assert other is not None
        mixed = other.split("?")[0] + "?" + one.split("?")[1]
        assert (await got(mixed))[0] == 404


async def test_what_signs_addresses_is_not_what_signs_deliveries(store: DeliveryStore) -> None:
    clock = HandClock()
    async with serving(store, clock) as pages, serving(store, clock, "another secret") as foreign:
        address = await pages.publish(HTML)
        assert address is not None
        elsewhere = address.replace(pages.public_url, foreign.public_url)
        assert (await got(elsewhere))[0] == 404


async def test_a_second_server_of_the_same_database_shows_it(store: DeliveryStore) -> None:
    clock = HandClock()
    async with serving(store, clock) as one, serving(store, clock) as other:
        address = await one.publish(HTML)
        assert address is not None
        assert (await got(address.replace(one.public_url, other.public_url)))[:2] == (200, HTML)


async def test_without_a_public_address_there_are_no_pages(store: DeliveryStore) -> None:
    pages = Pages(store, "secret", "", HandClock())
    assert await pages.publish(HTML) is None


async def test_pages_that_expired_are_forgotten_and_a_kept_one_expires_later(store: DeliveryStore) -> None:
    await store.keep_page(Page("a", b"1", 10.0, 20.0))
    await store.keep_page(Page("b", b"2", 11.0, 40.0))
    await store.keep_page(Page("b", b"2", 12.0, 30.0))
    assert await store.page("a", 15.0) == Page("a", b"1", 10.0, 20.0)
    await store.keep_page(Page("c", b"3", 25.0, 50.0))
    assert await store.page("a", 15.0) is None
    assert await store.page("b", 39.0) == Page("b", b"2", 12.0, 40.0)
    assert await store.page("b", 40.0) is None


def test_the_oldest_pages_make_room() -> None:
    assert too_many([("new", 40), ("older", 50), ("oldest", 20)], most=100) == ["oldest"]
    assert too_many([("new", 140), ("older", 1)], most=100) == ["new", "older"]
    assert too_many([], most=100) == []
