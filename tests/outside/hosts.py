"""One server on loopback that plays every host, with faults on demand. It goes by any name that a test resolves to
it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import aiohttp
from aiohttp import web

from tests.github.git_http import served
from tests.http_faults import Effect, Fault
from tests.outside.git import GitRepository


class Hosts:
    """Use as an async context manager. `files` are served at their paths with ETags; git repositories below `/git/`.

    `registry` is the address of a real registry that `/v2/` leads to, behind a token flow where `login` says so:
    (name, password), or ('', '') for a token that anybody gets.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: dict[str, bytes] = {}
        self.chunked: set[str] = set()  # paths whose answers announce no length
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []  # host and path with query
        self.letters: list[tuple[str, str]] = []  # path and Authorization
        self.password: Mapping[str, str] = {}  # of paths that begin so: the Authorization they want
        self.arrived = asyncio.Event()  # something waits at a gate
        self.registry = ""
        self.login: tuple[str, str] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/git/{name}/{service:.+}", self._serve)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        self._session = aiohttp.ClientSession(auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    def at(self, path: str, host: str = "charts.example") -> str:
        return f"http://{host}:{self.port}{path}"

    async def resolve(self, _host: str, _port: int) -> Sequence[str]:
        """A name server for which every host is here."""
        return ["127.0.0.1"]

    def repository(self, name: str) -> GitRepository:
        return GitRepository.create(self.directory / f"{name}.git")

    def asked(self, part: str) -> int:
        return sum(part in path for _, path in self.requests)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path_qs
        self.requests.append((request.host, path))
        if "Authorization" in request.headers:
            self.letters.append((path, request.headers["Authorization"]))
        effect = next((fault.effect for fault in self.faults if fault.applies(path)), Effect())
        if effect.gate is not None:
            self.arrived.set()
            await effect.gate.wait()
        if effect.reset:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if effect.status is not None:
            return web.Response(status=effect.status, headers=effect.headers, body=effect.body)
        for prefix, wanted in self.password.items():
            if path.startswith(prefix) and request.headers.get("Authorization") != wanted:
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        answer = await self._answer(request)
        return await _half(request, answer) if effect.half else answer

    async def _answer(self, request: web.Request) -> web.Response:
        if "service" in request.match_info:
            repository = self.directory / request.match_info["name"]
            if not repository.is_dir():
                return web.Response(status=404)
            return await served(repository, request, "")
        if request.path == "/token":
            return self._token(request)
        if request.path.startswith("/v2/") and self.registry:
            return await self._proxied(request)
        content = self.files.get(request.path)
        if content is None:
            return web.Response(status=404)
        etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        answer = web.Response(body=content, headers={"ETag": etag})
        if request.path in self.chunked:
            answer.enable_chunked_encoding()
        return answer

    def _token(self, request: web.Request) -> web.Response:
        assert self.login is not None
        if self.login != ("", "") and request.headers.get("Authorization") != _basic(*self.login):
            return web.Response(status=401)
        return web.json_response({"token": f"for {request.query['scope']} at {request.query['service']}"})

    async def _proxied(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/v2/").partition("/manifests/")[0].partition("/blobs/")[0]
        scope = f"repository:{name.partition('/tags/')[0]}:pull"
        if self.login is not None and request.headers.get("Authorization") != f"Bearer for {scope} at here":
            challenge = f'Bearer realm="http://{request.host}/token",service="here",scope="{scope}"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        headers = {"Accept": request.headers.get("Accept", "*/*")}
        async with self._session.get(self.registry + request.rel_url.raw_path_qs, headers=headers) as answer:
            kept = ("Content-Type", "Docker-Content-Digest", "Link", "ETag")
            found = {name: answer.headers[name] for name in kept if name in answer.headers}
            return web.Response(status=answer.status, headers=found, body=await answer.read())


class Metadata:
    """A cloud's metadata service on loopback. `heard` must stay empty."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.heard.append(request.path_qs)
        return web.Response(text="the cloud's credentials")


async def _half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body if isinstance(answer.body, bytes) else b""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
