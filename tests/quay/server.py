"""The HTTP face of the simulated quay.io."""

import asyncio
import hashlib
import json
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.quay import description
from tests.quay.faults import Effect, Fault
from tests.quay.store import Repository

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request, as it was answered. `path` holds the query; status 0: no answer was sent in full."""

    method: str
    path: str
    status: int
    conditional: bool


class SimulatedQuay:
    """quay.io on 127.0.0.1. Use as an async context manager; see the package's docstring.

    `etags`: whether tags come with one (quay.io sends none today, caches in front of a Quay do).
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, tls: ssl.SSLContext | None = None) -> None:
        self.clock = clock
        self.etags = False
        self.repositories: dict[str, Repository] = {}
        self.faults: list[Fault] = []
        self.requests: list[LoggedRequest] = []
        self.violations: list[str] = []
        self._tokens: set[str] = set()
        self._tls = tls

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/v1/repository/{namespace}/{name}/tag/", self._serve)
        app.router.add_get("/v2/auth", self._serve)
        app.router.add_get("/v2/{namespace}/{name}/manifests/{reference}", self._serve)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def repository(self, name: str, *, public: bool = True) -> Repository:
        """The repository `namespace/name`, made when there is none."""
        return self.repositories.setdefault(name, Repository(name, public))

    def asked(self, part: str) -> list[LoggedRequest]:
        """Requests with `part` in path or query."""
        return [request for request in self.requests if part in request.path]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path_qs
        effect = next((fault.effect for fault in self.faults if fault.applies(path)), Effect())
        status = 0
        try:
            if effect.gate is not None:
                await effect.gate.wait()
            if effect.reset:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if effect.status is not None:
                status = effect.status
                return web.Response(status=status, headers=effect.headers, body=effect.body)
            answer = self._answer(request)
            if effect.half:
                return await _half(request, answer)
            status = answer.status
            return answer
        finally:
            conditional = "If-None-Match" in request.headers
            self.requests.append(LoggedRequest(request.method, path, status, conditional))

    def _answer(self, request: web.Request) -> web.Response:
        if not request.headers.get("User-Agent"):
            self.violations.append(f"{request.path}: no User-Agent")
        if "reference" in request.match_info:
            return self._manifest(request)
        if "namespace" in request.match_info:
            return self._tags(request)
        if request.path == "/v2/auth":
            return self._auth(request)
        self.violations.append(f"{request.method} {request.path}: not documented")
        return self._problem(404, "not_found", "Not Found")

    def _found(self, request: web.Request) -> Repository | None:
        """None for what an anonymous caller may not know of: Quay does not tell private from missing."""
        repository = self.repositories.get(f"{request.match_info['namespace']}/{request.match_info['name']}")
        return repository if repository is not None and repository.public else None

    def _tags(self, request: web.Request) -> web.Response:
        wrong = description.problems(description.QUERY, dict(request.query))
        if wrong:
            self.violations.append(f"{request.path_qs}: {'; '.join(wrong)}")
            return self._problem(400, "invalid_request", "; ".join(wrong))
        repository = self._found(request)
        if repository is None:
            return self._problem(401, "invalid_token", "Requires authentication")
        limit, page = int(request.query.get("limit", "50")), int(request.query.get("page", "1"))
        listed = repository.listed(
            self.clock(),
            active=request.query.get("onlyActiveTags") == "true",
            specific=request.query.get("specificTag", ""),
            filtered=request.query.get("filter_tag_name", ""),
        )
        start = (page - 1) * limit
        answer = {
            "tags": [tag.shown() for tag in listed[start : start + limit]],
            "page": page,
            "has_additional": len(listed) > start + limit,
        }
        response = self._json(200, answer, description.TAGS)
        if self.etags:
            assert isinstance(response.body, bytes)
            etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
            if request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={"ETag": etag})
            response.headers["ETag"] = etag
        return response

    def _manifest(self, request: web.Request) -> web.Response:
        repository = self._found(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = scheme == "Bearer" and token in self._tokens
        if repository is None or (repository.wants_token and not known):
            scope = f"repository:{request.match_info['namespace']}/{request.match_info['name']}:pull"
            challenge = f'Bearer realm="{self.url}/v2/auth",service="{request.host}",scope="{scope}"'
            return self._refused(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
        reference = request.match_info["reference"]
        if not reference.startswith("sha256:"):
            tags = repository.listed(self.clock(), active=True, specific=reference, filtered="")
            reference = tags[0].digest if tags else ""
        if reference not in repository.manifests:
            return self._refused(404, "MANIFEST_UNKNOWN", {})
        headers = {
            "Docker-Content-Digest": reference,
            "Content-Type": "application/vnd.oci.image.index.v1+json",
        }
        return web.Response(body=b'{"schemaVersion": 2, "manifests": []}', headers=headers)

    def _auth(self, request: web.Request) -> web.Response:
        token = uuid.uuid4().hex
        self._tokens.add(token)
        return web.json_response({"token": token})

    def _problem(self, status: int, kind: str, detail: str) -> web.Response:
        problem = {
            "detail": detail,
            "error_message": detail,
            "error_type": kind,
            "title": kind,
            "type": f"{self.url}/api/v1/error/{kind}",
            "status": status,
        }
        return self._json(status, problem, description.ERROR)

    def _refused(self, status: int, code: str, headers: dict[str, str]) -> web.Response:
        response = self._json(
            status,
            {"errors": [{"code": code, "detail": {}, "message": code.replace("_", " ").lower()}]},
            description.REGISTRY_ERROR,
        )
        response.headers.update(headers)
        return response

    def _json(self, status: int, answer: Json, schema: Json) -> web.Response:
        self.violations += description.problems(schema, answer)
        return web.Response(status=status, body=json.dumps(answer).encode(), content_type="application/json")


async def _half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body
    assert isinstance(body, bytes)
    response = web.StreamResponse(
        status=answer.status,
        headers={"Content-Type": answer.content_type, "Content-Length": str(len(body))},
    )
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    await asyncio.sleep(0)
    if request.transport is not None:
        request.transport.close()
    return response
