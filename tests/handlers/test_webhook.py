"""The endpoint itself: who is let in, and what is answered."""

from __future__ import annotations

import hashlib
import hmac
import io
import json

import aiohttp
import pytest

from tests.github import SimulatedGitHub
from tests.handlers.conftest import Bot

BODY = json.dumps({"zen": "Keep it simple.", "hook_id": 1}).encode()


def signed(secret: str, body: bytes, kind: str = "sha256") -> str:
    return f"{kind}=" + hmac.new(secret.encode(), body, kind).hexdigest()


async def post(bot: Bot, body: bytes, **headers: str) -> int:
    assert bot.running is not None
    given = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "11111111-2222-3333-4444-555555555555", **headers}
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{bot.running.port}/webhook"
        async with session.post(url, data=io.BytesIO(body), headers=given) as response:
            return response.status


async def test_only_a_right_sha256_signature_lets_in(github: SimulatedGitHub, bot_: Bot) -> None:
    secret = github.app.webhook_secret
    right = signed(secret, BODY)
    assert await post(bot_, BODY) == 401
    assert await post(bot_, BODY, **{"X-Hub-Signature": signed(secret, BODY, "sha1")}) == 401
    assert await post(bot_, BODY, **{"X-Hub-Signature-256": signed("other", BODY)}) == 401
    assert await post(bot_, BODY + b" ", **{"X-Hub-Signature-256": right}) == 401
    assert await post(bot_, BODY, **{"X-Hub-Signature-256": right.removeprefix("sha256=")}) == 401
    assert await post(bot_, BODY, **{"X-Hub-Signature-256": right}) != 401


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"a": NaN}'])
async def test_what_is_no_event_is_malformed(github: SimulatedGitHub, bot_: Bot, body: bytes) -> None:
    signature = signed(github.app.webhook_secret, body)
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": "push"}
    assert await post(bot_, body, **headers) == 400


async def test_more_than_25_mb_is_too_much(github: SimulatedGitHub, bot_: Bot) -> None:
    body = b" " * (25 * 1024 * 1024 + 1)
    digest = hashlib.sha256(body).hexdigest()
    assert await post(bot_, body, **{"X-Hub-Signature-256": f"sha256={digest}"}) == 413
