"""`/readyz` tells the truth, at the start and later on."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.github import Fault, SimulatedGitHub, User, faults
from tests.handlers.conftest import PASSED, Bot, checked, proposed


class Room(NamedTuple):
    total: int
    used: int
    free: int


async def ready(bot: Bot) -> tuple[int, dict[str, Any]]:
    assert bot.running is not None
    url = f"http://127.0.0.1:{bot.running.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


async def until_ready(bot: Bot) -> None:
    for _ in range(2000):
        if (await ready(bot))[0] == 200:
            return
        await asyncio.sleep(0.01)  # polled, since readiness has no event of its own
    raise AssertionError(await ready(bot))


async def test_a_server_that_works_is_ready(bot_: Bot) -> None:
    await until_ready(bot_)
    assert bot_.running is not None
    renderer = bot_.running.engine.renderer
    assert " v5." in renderer
    assert await ready(bot_) == (200, {"status": "ok", "problems": {}, "troubles": {}, "renderer": renderer})


async def test_it_is_not_before_github_has_answered(github: SimulatedGitHub, bot_: Bot) -> None:
    await bot_.stop()
    github.faults.append(Fault(faults.server_error(502), path="^/app$", times=None))
    await bot_.start()
    status, told = await ready(bot_)
    assert status == 503 and "github" in told["problems"]


async def test_a_full_disk_makes_it_unready_for_as_long_as_it_is_full(
    bot_: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until_ready(bot_)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _path: Room(2**30, 2**30 - 2**20, 2**20))
        status, told = await ready(bot_)
        assert (status, told["problems"]) == (503, {"state": "the state directory has 1 MiB left"})
    assert (await ready(bot_))[0] == 200


async def test_a_key_that_was_deleted_on_github_is_told_and_deliveries_are_taken_all_the_same(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    await until_ready(bot_)
    right = github.app.public_key
    github.app.public_key = "nobody's"
    repo, pull = await proposed(github, alice, files={"README.md": "x\n"})
    await github.wait_for(lambda: any(request.status == 401 for request in github.requests))
    status, told = await ready(bot_)
    assert status == 200
    assert "GITHUB_APP_ID" in told["troubles"]["app credentials"]
    github.app.public_key = right
    repo.push("copy", {"README.md": "y\n"}, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED
    assert (await ready(bot_))[1]["troubles"] == {}
