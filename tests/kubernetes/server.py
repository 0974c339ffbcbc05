"""The HTTPS face of the simulated API server."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.kubernetes import kinds
from tests.kubernetes.answers import Pages, wanted_form
from tests.kubernetes.certificates import Authority
from tests.kubernetes.faults import Fault
from tests.kubernetes.kinds import Kind
from tests.kubernetes.kubeconfig import Access
from tests.kubernetes.objects import Store
from tests.kubernetes.rbac import EVERYTHING, Account, Attributes, Rule
from tests.kubernetes.status import (
    Refused,
    bad_request,
    forbidden,
    no_such_path,
    no_such_resource,
    path_forbidden,
    unauthorized,
)

Json = dict[str, Any]
_ANONYMOUS = Account("system:anonymous")
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
_COMPRESS = 128 * 1024  # the API server compresses what is larger, when the client takes gzip


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request, as it was answered. `path` holds the query; status 0: no answer was sent in full."""

    method: str
    path: str
    accept: str
    user: str
    user_agent: str
    status: int


class SimulatedCluster(Store):
    """A cluster on 127.0.0.1. Use as an async context manager; see the package's docstring."""

    def __init__(self, authority: Authority | None = None) -> None:
        super().__init__()
        self.authority = authority or Authority()
        self.accounts: dict[str, Account] = {}
        self.faults: list[Fault] = []
        self.requests: list[LoggedRequest] = []
        self.violations: list[str] = []
        self.pages = Pages(self)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.authority.server_context()).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"https://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def account(self, name: str = "argofix", *rules: Rule, namespace: str = "argofix") -> str:
        """A new ServiceAccount that may do what `rules` say (everything without any); its bearer token."""
        token = f"sim.{uuid.uuid4().hex}.{name}"
        given = list(rules) or [EVERYTHING]
        self.accounts[token] = Account(f"system:serviceaccount:{namespace}:{name}", given)
        return token

    def access(self, token: str, name: str = "") -> Access:
        """What a kubeconfig needs to know."""
        return Access(self.url, self.authority.pem, token, name)

    def asked(self, part: str) -> list[LoggedRequest]:
        """Requests with `part` in path or query."""
        return [request for request in self.requests if part in request.path]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path_qs
        effect = next((fault.effect for fault in self.faults if fault.applies(path)), None)
        account, status = _ANONYMOUS, 0
        headers = {"Audit-Id": str(uuid.uuid4()), "Cache-Control": "no-cache, private"}
        try:
            if effect is not None and effect.gate is not None:
                await effect.gate.wait()
            if effect is not None and effect.reset:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            try:
                account = self._authenticate(request.headers)
                if effect is not None and effect.status is not None:
                    status = effect.status
                    return web.Response(status=status, headers=headers | effect.headers, body=effect.body)
                status, answer = await self._answer(request, account)
                body, headers["Content-Type"] = json.dumps(answer).encode() + b"\n", "application/json"
            except Refused as refused:
                status = refused.code
                headers |= refused.headers
                if refused.text is not None:
                    body, headers["Content-Type"] = refused.text.encode(), "text/plain; charset=utf-8"
                else:
                    body, headers["Content-Type"] = json.dumps(refused.body).encode() + b"\n", "application/json"
            if effect is not None and effect.half:
                status = 0
                return await _half(request, headers, body)
            response = web.Response(status=status, headers=headers, body=body)
            if len(body) > _COMPRESS:
                response.enable_compression()
            return response
        finally:
            agent = request.headers.get("User-Agent", "")
            accept = request.headers.get("Accept", "")
            self.requests.append(LoggedRequest(request.method, path, accept, account.name, agent, status))

    def _authenticate(self, headers: Mapping[str, str]) -> Account:
        given = headers.get("Authorization", "")
        if not given:
            return _ANONYMOUS
        scheme, _, token = given.partition(" ")
        account = self.accounts.get(token.strip()) if scheme.lower() == "bearer" else None
        if account is None:
            raise unauthorized()
        return account

    async def _answer(self, request: web.Request, account: Account) -> tuple[int, Json]:
        path = request.path.rstrip("/") or "/"
        if path in _PUBLIC:
            return 200, {"major": "1", "minor": "32", "gitVersion": "v1.32.4", "platform": "linux/amd64"}
        parts = path.strip("/").split("/")
        if path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" and request.method == "POST":
            return 201, self._review(account, await request.json())
        if request.method != "GET":
            self.violations.append(f"{request.method} {path}")
            raise path_forbidden(account.name, request.method.lower(), path)
        if (parts[0] == "api" and len(parts) <= 2) or (parts[0] == "apis" and len(parts) <= 3):
            return 200, self._discover(account, parts, path)
        return 200, self._read(request, account, parts)

    def _discover(self, account: Account, parts: list[str], path: str) -> Json:
        if account.anonymous:
            raise path_forbidden(account.name, "get", path)
        found: Mapping[str, object] | None
        if parts[0] == "api":
            found = (
                kinds.api_versions(self.url.removeprefix("https://"))
                if len(parts) == 1
                else kinds.resource_list(self.kinds, "", parts[1])
            )
        elif len(parts) == 1:
            found = kinds.group_list(self.kinds)
        elif len(parts) == 2:
            found = kinds.group(self.kinds, parts[1])
        else:
            found = kinds.resource_list(self.kinds, parts[1], parts[2])
        if found is None:
            raise no_such_path()
        return dict(found)

    def _read(self, request: web.Request, account: Account, parts: list[str]) -> Json:
        """GET of an object or a list. Who may not even ask hears that first, whether it exists or not."""
        group, version, *rest = ("", *parts[1:]) if parts[0] == "api" else tuple(parts[1:])
        namespace: str | None = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        resource, name = rest[0], rest[1] if len(rest) > 1 else ""
        verb = "get" if name else "watch" if request.query.get("watch") in ("1", "true") else "list"
        scope = namespace or (name if resource == "namespaces" and not group else "")
        if not account.may(Attributes(verb, group, resource, scope, name)):
            raise forbidden(account.name, verb, resource, group, scope, name)
        kind = self._kind(group, version, resource)
        if len(rest) > 2 or (namespace is not None and not kind.namespaced) or verb == "watch":
            raise no_such_resource()
        if name and kind.namespaced and namespace is None:
            raise no_such_resource()
        form = wanted_form(request.headers.get("Accept", ""))
        if name:
            return self.pages.get(kind, namespace or "", name, form)
        return self.pages.page(kind, namespace, request.query, form)

    def _kind(self, group: str, version: str, resource: str) -> Kind:
        own = [kind for kind in self.kinds if (kind.group, kind.version) == (group, version)]
        if not own:
            raise no_such_path()
        found = next((kind for kind in own if kind.resource == resource), None)
        if found is None:
            raise no_such_resource()
        return found

    def _review(self, account: Account, review: Any) -> Json:
        if account.anonymous:
            raise forbidden(
                account.name, "create", "selfsubjectaccessreviews", kinds.REVIEWS[0], namespace="", name=""
            )
        wanted = review.get("spec", {}).get("resourceAttributes") if isinstance(review, dict) else None
        if not isinstance(wanted, dict):
            raise bad_request("spec.resourceAttributes is what this simulation can review")
        fields = {key: wanted.get(key, "") for key in ("verb", "group", "resource", "namespace", "name")}
        return {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {"creationTimestamp": None},
            "spec": review["spec"],
            "status": {"allowed": account.may(Attributes(**fields))},
        }


async def _half(request: web.Request, headers: Mapping[str, str], body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: max(1, len(body) * 2 // 3)])
    await asyncio.sleep(0)
    assert request.transport is not None
    request.transport.close()
    return response
