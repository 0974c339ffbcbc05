"""A simulated GitHub with one installed repository, a plain client for it, and a webhook receiver."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.github import Installation, Repository, SimulatedGitHub

Json = dict[str, Any]


@cache
def _key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


@dataclass
class Client:
    """Speaks HTTP as the App does, without any of the App's own code."""

    github: SimulatedGitHub
    session: aiohttp.ClientSession
    token: str = ""

    def app_token(self, *, lifetime: int = 540) -> str:
        now = int(time.time())
        claims = {"iat": now - 30, "exp": now + lifetime, "iss": str(self.github.app.id)}
        return jwt.encode(claims, _key(self.github.app.private_key), "RS256")

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        everything = {
            "Authorization": f"Bearer {self.token if token is None else token}",
            "User-Agent": "tests",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        } | (headers or {})
        url = path if path.startswith("http") else self.github.api_url + path
        async with self.session.request(
            method, url, json=body, headers=everything, allow_redirects=False
        ) as response:
            self.headers = response.headers
            text = await response.text()
            kind = response.content_type
            return response.status, await response.json() if text and kind == "application/json" else text

    async def login(self, installation: Installation, narrowed: Json | None = None) -> str:
        path = f"/app/installations/{installation.id}/access_tokens"
        status, answer = await self("POST", path, narrowed, token=self.app_token())
        assert status == 201, answer
        self.token = answer["token"]
        return self.token


@dataclass
class Receiver:
    """Keeps every delivery it gets; answers with `status`."""

    url: str = ""
    status: int = 202
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=self.status)


@pytest.fixture
async def github() -> AsyncIterator[SimulatedGitHub]:
    async with SimulatedGitHub() as simulation:
        yield simulation


@pytest.fixture
def repo(github: SimulatedGitHub) -> Repository:
    return github.repository("octo/deploy", {"README.md": "hello\n", "apps/a.yaml": "a: 1\n"})


@pytest.fixture
def installation(github: SimulatedGitHub, repo: Repository) -> Installation:
    return github.install(repo)


@pytest.fixture
async def api(github: SimulatedGitHub, installation: Installation) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        client = Client(github, session)
        await client.login(installation)
        yield client


@pytest.fixture
async def receiver(github: SimulatedGitHub) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/webhook", receiver.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = "http://{}:{}/webhook".format(*runner.addresses[0][:2])
    github.app.webhook_url = receiver.url
    yield receiver
    await runner.cleanup()
