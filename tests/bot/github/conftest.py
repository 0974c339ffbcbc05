"""A server that is asked as GitHub is."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from bot.github.app import GitHubApp
from bot.github.client import Wire
from tests.bot.clocks import JumpingClock
from tests.github import SimulatedGitHub


@pytest.fixture
async def stub(github: SimulatedGitHub, clock: JumpingClock) -> AsyncIterator[tuple[GitHubApp, list[str]]]:
    """A server that hands out tokens by our clock, and sends us elsewhere when asked for `/away`."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(f"{request.method} {request.path} {request.headers['Authorization'].split()[-1][:8]}")
        if request.path.endswith("access_tokens"):
            expires = datetime.fromtimestamp(clock.now() + 3600, UTC).isoformat().replace("+00:00", "Z")
            return web.json_response({"token": f"ghs_tok{len(seen)}", "expires_at": expires}, status=201)
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/steal"})
        if request.path == "/circle":
            return web.Response(status=307, headers={"Location": "/circle"})
        if request.path == "/html":
            return web.Response(text="<html>", content_type="text/html")
        return web.json_response({})

    server = web.Application()
    server.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        wire = Wire(session, "http://{}:{}".format(*runner.addresses[0][:2]), clock, random.Random(1))
        yield GitHubApp(wire, app_id=1, private_key=github.app.private_key), seen
    await runner.cleanup()
