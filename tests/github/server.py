"""The HTTP face of the simulated GitHub."""

import asyncio
import contextlib
import hashlib
import json
import math
import traceback
from typing import Any, Self

from aiohttp import web

from tests.github import apps, checks, gitdata, issues, new_app, pull_operations, repos, rulesets, validation
from tests.github.auth import authenticate, authorize
from tests.github.description import Operation, load
from tests.github.faults import Effect
from tests.github.git_http import serve_git
from tests.github.handling import ROUTES, Answer, ApiError, Call, Caller
from tests.github.operations import OPERATIONS
from tests.github.people import People
from tests.github.repository import Repository
from tests.github.state import LoggedRequest

Json = dict[str, Any]

HANDLERS = (apps, checks, gitdata, issues, pull_operations, repos, rulesets)
PREFIX = "/api/v3"
MAX_BODY = 60 * 1024 * 1024


class SimulatedGitHub(People):
    """GitHub, small, on 127.0.0.1. Use as an async context manager; see the package's docstring."""

    async def __aenter__(self) -> Self:
        assert ROUTES.keys() == OPERATIONS, sorted(ROUTES.keys() ^ OPERATIONS)
        app = web.Application(client_max_size=MAX_BODY)
        new_app.add_to(app, self)
        app.router.add_route("*", PREFIX + "/{path:.*}", self._api)
        app.router.add_route("*", "/{owner}/{name}/{service:info/refs|git-upload-pack|git-receive-pack}", self._git)
        # git bodies are gzip-encoded now and then, and git http-backend wants them as they came.
        self._runner = web.AppRunner(app, auto_decompress=False, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self._runner.cleanup()
        self.cleanup()

    def _fault(self, method: str, path: str) -> Effect | None:
        return next((fault.effect for fault in self.faults if fault.applies(method, path)), None)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix(PREFIX)
        effect = self._fault(request.method, path)
        raw = await request.read()
        self.busy += 1
        caller, found = Caller(), load().match(request.method, path)
        status, body = 0, None
        try:
            if effect and effect.gate:
                await effect.gate.wait()
            headers: dict[str, str] = {}
            if effect is None or effect.acts:
                caller, answer, body = self._serve(request, path, raw)
                status, headers, payload = answer.status, answer.headers, encode(answer)
            else:
                with contextlib.suppress(ApiError):
                    caller = authenticate(self, request.headers)
            if effect and (effect.status or effect.drop):
                status, headers, payload = effect.status or 0, dict(effect.headers), effect.body.encode()
            if effect and effect.drop:
                return drop(request)
            headers["X-GitHub-Request-Id"] = self.letters(16).upper()
            if request.method == "GET" and status == 200:
                headers["ETag"] = f'W/"{hashlib.sha256(payload).hexdigest()}"'
                if headers["ETag"] in request.headers.get("If-None-Match", ""):
                    status, payload = 304, b""
                    headers.pop("Content-Type", None)
            free = status == 304 or path == "/rate_limit"
            headers |= self._limits(caller, self.rate_limit if effect and effect.exhaust else int(not free))
            if effect and effect.truncate:
                return await truncated(request, status, headers, payload)
            return web.Response(status=status, headers=headers, body=payload)
        finally:
            self.busy -= 1
            installation = caller.installation.id if caller.installation else None
            name = found[0].id if found else None
            self.requests.append(LoggedRequest(request.method, path, name, installation, status, body))
            if self.watch is not None:
                self.watch(name)
            self.changed()

    def _limits(self, caller: Caller, use: int) -> dict[str, str]:
        rate = self.rate(caller.installation, use=use)
        return {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in rate.items()} | {
            "X-RateLimit-Resource": "core"
        }

    def _serve(self, request: web.Request, path: str, raw: bytes) -> tuple[Caller, Answer, Any]:
        """Everything between the bytes of a request and those of its answer."""
        caller, body = Caller(), None
        found = load().match(request.method, path)
        try:
            if not request.headers.get("User-Agent"):
                raise ApiError(
                    403,
                    "Request forbidden by administrative rules. Please make sure it has a User-Agent header.",
                )
            caller = authenticate(self, request.headers)
            if self.rate(caller.installation)["remaining"] == 0 and path != "/rate_limit":
                raise ApiError(403, "API rate limit exceeded for installation.")
            if path.startswith("/repositories/"):
                path = self._by_id(path)
                found = load().match(request.method, path)
            if found is None:
                self.violation("client", f"{request.method} {path}", "not an operation that the simulation serves")
                raise ApiError(404, "Not Found")
            operation, parameters = found
            query, problems = validation.parameters(operation, parameters, list(request.query.items()))
            problems += validation.headers(request.headers, has_body=bool(raw))
            try:
                body, wrong = validation.body(operation, raw)
            except ValueError:
                self.violation("client", operation.id, "the body is not JSON")
                raise ApiError(400, "Problems parsing JSON") from None
            problems += wrong
            self._secondary(caller, operation)
            call = Call(self, operation, caller, parameters, query, body, f"{self.url}{request.rel_url}")
            if moved := self._place(call):
                return caller, moved, body
            authorize(call, ROUTES[operation.id])
            if problems:
                self.violation("client", operation.id, *problems)
                raise ApiError(422, "Invalid request.\n\n" + "\n".join(problems))
            answer = ROUTES[operation.id].handler(call)
        except ApiError as error:
            answer = Answer(error.status, error.body, error.headers)
        except Exception:
            self.violation("simulation", f"{request.method} {path}", traceback.format_exc())
            answer = Answer(500, {"message": "The simulation failed; see its violations"})
        return caller, self._checked(found[0], answer) if found else answer, body

    def _secondary(self, caller: Caller, operation: Operation) -> None:
        limits = self.secondary
        if limits is None or caller.installation is None:
            return
        now = self.clock().timestamp()
        wait = limits.refuse(caller.installation.id, operation.method, operation.id, self.busy, now)
        if wait is not None:
            message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            raise ApiError(limits.status, message, headers={"Retry-After": str(math.ceil(max(1.0, wait)))})

    def _checked(self, operation: Operation, answer: Answer) -> Answer:
        body, problems = validation.answer(operation, answer.status, answer.body)
        if problems:
            self.violation("simulation", operation.id, *problems)
            return Answer(500, {"message": "The simulation's own answer does not fit: " + "; ".join(problems)})
        return Answer(answer.status, body, answer.headers)

    def _by_id(self, path: str) -> str:
        number, _, rest = path.removeprefix("/repositories/").partition("/")
        repository = self.repositories.get(int(number)) if number.isdigit() else None
        if repository is None:
            raise ApiError(404, "Not Found")
        return f"/repos/{repository.full_name}" + (f"/{rest}" if rest else "")

    def _place(self, call: Call) -> Answer | None:
        """Finds the repository of a call. Returns a redirect when it has moved."""
        if "owner" not in call.path:
            return None
        owner, name = call.path["owner"], call.path["repo"]
        repository = self.find(owner, name)
        if repository is None:
            moved = self.repositories.get(self.moved.get(f"{owner}/{name}".lower(), 0))
            if moved is None or not (call.caller.app or call.caller.sees(moved)):
                raise ApiError(404, "Not Found")
            return self._redirect(call, moved)
        call.repository = repository
        return None

    def _redirect(self, call: Call, moved: Repository) -> Answer:
        prefix = f"{self.api_url}/repos/{call.path['owner']}/{call.path['repo']}"
        target = f"{self.api_url}/repositories/{moved.id}{call.url.removeprefix(prefix)}"
        status = 301 if call.operation.method == "GET" else 307
        body = {"message": "Moved Permanently", "url": target, "documentation_url": "https://docs.github.com/rest"}
        return Answer(status, body, {"Location": target})

    async def _git(self, request: web.Request) -> web.StreamResponse:
        effect = self._fault(request.method, request.path)
        self.busy += 1
        status, installation = 0, None
        try:
            if effect and effect.gate:
                await effect.gate.wait()
            if effect and effect.drop and not effect.acts:
                return drop(request)
            if effect and effect.status and not effect.acts:
                status = effect.status
                return web.Response(status=status, headers=effect.headers, text=effect.body)
            caller, response = await serve_git(self, request)
            status, installation = response.status, caller.installation
            if effect and effect.drop:
                return drop(request)
            if effect and effect.truncate:
                body = response.body if isinstance(response.body, bytes) else b""
                return await truncated(request, status, dict(response.headers), body)
            return response
        finally:
            self.busy -= 1
            number = installation.id if installation else None
            self.requests.append(LoggedRequest(request.method, request.path, "git", number, status))
            self.changed()


def encode(answer: Answer) -> bytes:
    if answer.body is None or answer.status == 204:
        return b""
    answer.headers.setdefault("Content-Type", "application/json; charset=utf-8")
    return json.dumps(answer.body, separators=(",", ":")).encode()


def drop(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


async def truncated(request: web.Request, status: int, headers: dict[str, str], body: bytes) -> web.StreamResponse:
    headers.pop("Content-Length", None)
    response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return response
