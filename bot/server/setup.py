"""`GET /setup`: registering the App by GitHub's manifest flow, while none is configured.

The page posts `app.yaml`, with this server's address in it, to GitHub; GitHub asks the person and sends the browser
to `/setup/callback` with a code, which is exchanged once for the App's id, key and webhook secret. Whoever registers
the App decides whom the server obeys, so the page wants the token that only the log has. Source: GitHub Docs,
"Registering a GitHub App from a manifest".
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import re
import secrets
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jinja2
import yaml
from aiohttp import web

from bot.http.fields import Fields, Malformed
from bot.process.state_directory import make_private
from bot.server.settings import SetupSettings

KEPT = ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET")
_HERE = Path(__file__).parent
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_ORGANIZATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
_TIMEOUT = aiohttp.ClientTimeout(total=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What GitHub gives for a registered App; `url` is its page."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings that they are."""
        return dict(zip(KEPT, (str(self.app_id), self.private_key, self.webhook_secret), strict=True))

    @property
    def command(self) -> str:
        """A shell command that creates the Secret of `deploy/`."""
        literals = [f"  --from-literal={shlex.quote(f'{k}={v}')}" for k, v in self.environment.items()]
        return " \\\n".join(["kubectl --namespace argofix create secret generic argofix-github", *literals])


def manifest(public_url: str) -> dict[str, Any]:
    """`app.yaml` for a server at this address."""
    inside = _HERE / "app.yaml"  # in the wheel; in a checkout it lies at the root
    text = (inside if inside.exists() else _HERE.parents[1] / "app.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text.replace("https://argofix.example.com", public_url))
    return found


def site_of(api_url: str) -> str:
    """Where people use the GitHub whose API this is."""
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


class Setup:
    """The pages. `done` is set to the credentials once the App is registered; from then on there are no pages."""

    def __init__(self, settings: SetupSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._site = site_of(settings.api_url)
        self.token = secrets.token_urlsafe(32)
        self._state = secrets.token_urlsafe(32)
        self._turn = asyncio.Lock()
        self.done: asyncio.Future[Credentials] = asyncio.get_running_loop().create_future()
        self._page = jinja2.Template((_HERE / "setup.html").read_text(encoding="utf-8"), autoescape=True)

    def application(self) -> web.Application:
        """`/setup`, `/setup/callback`, `/healthz` and a `/readyz` that says what is missing."""
        app = web.Application()
        app.router.add_get("/setup", self._ask)
        app.router.add_get("/setup/callback", self._callback)
        app.router.add_get("/healthz", _healthz)
        app.router.add_get("/readyz", self._readyz)
        return app

    async def _ask(self, request: web.Request) -> web.Response:
        self._require_open()
        if not _same(request.query.get("token", ""), self.token):
            return self._problem(403, "Open the address with the token that the server's log shows.")
        organization = request.query.get("organization", "").strip()
        if organization and not _ORGANIZATION.fullmatch(organization):
            return self._problem(400, "That is no name of an organization on GitHub.")
        owner = f"organizations/{organization}/" if organization else ""
        asked = manifest(self._settings.public_url)
        return self._answer(
            200,
            title="Register argofix",
            manifest=json.dumps(asked),
            permissions=sorted(asked["default_permissions"].items()),
            webhook=asked["hook_attributes"]["url"],
            action=f"{self._site}/{owner}settings/apps/new?{urlencode({'state': self._state})}",
            host=urlsplit(self._site).netloc,
            here="setup",
            token=self.token,
            organization=organization,
        )

    async def _callback(self, request: web.Request) -> web.Response:
        async with self._turn:  # a code is good for one exchange, and the first to come gets it
            self._require_open()
            if not _same(request.query.get("state", ""), self._state):
                return self._problem(403, "This answer does not belong to the page that this server showed.")
            code = request.query.get("code", "")
            if not _CODE.fullmatch(code):
                return self._problem(400, "GitHub's answer holds no code.")
            try:
                credentials = await self._exchange(code)
            except (aiohttp.ClientError, TimeoutError, Malformed, ValueError) as error:
                log.error("GitHub did not give the App's credentials", extra={"reason": type(error).__name__})
                return self._problem(502, "GitHub did not give the App's credentials. Open /setup once more.")
            if self._settings.store == "file":
                await asyncio.to_thread(keep, self._settings.state_dir, credentials)
            self.done.set_result(credentials)
        log.info("the App is registered", extra={"app": credentials.app_id, "store": self._settings.store})
        return self._answer(
            200,
            title="argofix is registered",
            command=credentials.command if self._settings.store == "secret" else "",
            install=f"{credentials.url}/installations/new",
        )

    async def _exchange(self, code: str) -> Credentials:
        url = f"{self._settings.api_url}/app-manifests/{code}/conversions"
        headers = {
            "Accept": "application/vnd.github+json",
            "User-Agent": "argofix",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        async with self._session.post(
            url, headers=headers, timeout=_TIMEOUT, raise_for_status=True, allow_redirects=False
        ) as answer:
            if answer.status != 201:
                raise ValueError("not created")
            fields = Fields(await answer.json())
        page = fields.text("html_url")
        if urlsplit(page).scheme not in ("http", "https"):
            raise ValueError("no address")
        return Credentials(fields.number("id"), fields.text("pem"), fields.text("webhook_secret"), page)

    def _require_open(self) -> None:
        if self.done.done():
            raise web.HTTPNotFound

    async def _readyz(self, _request: web.Request) -> web.Response:
        said = "the App's credentials were shown; create the Secret and restart the server"
        problem = said if self.done.done() else "no App is configured; the log tells where to register one"
        return web.json_response({"status": "unavailable", "problems": {"app": problem}, "troubles": {}}, status=503)

    def _problem(self, status: int, text: str) -> web.Response:
        return self._answer(status, title="argofix cannot be registered like this", problem=text)

    def _answer(self, status: int, **words: Any) -> web.Response:
        policy = (
            f"default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {self._site}; frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            # The address of the page holds the token.
            "Referrer-Policy": "origin",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(status=status, text=self._page.render(words), content_type="text/html", headers=headers)


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def keep(state_dir: Path, credentials: Credentials) -> None:
    """Write them for this user alone, whole or not at all."""
    make_private(state_dir)
    target = stored_at(state_dir)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(credentials.environment, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def stored_at(state_dir: Path) -> Path:
    """Where `keep` puts the credentials."""
    return state_dir / "app.json"
