"""Registering the App on a server that has none, in a real browser and by hand."""

from __future__ import annotations

import asyncio
import html
import io
import json
import logging
import os
import re
import shlex
import shutil
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, async_playwright

from bot.process import logs
from bot.server import app, registration
from bot.server.settings import Settings, SettingsError, SetupSettings
from bot.server.setup import Setup, manifest, site_of
from tests.github import Fault, SimulatedGitHub, faults
from tests.github.new_app import problems

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# In CI a missing browser is a failure.
IN_A_BROWSER = pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="needs chromium")


def free_port() -> int:
    """Known beforehand, since the address is in the settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Server:
    """`argofix serve` without an App: the setup, and afterwards what would be started."""

    github: SimulatedGitHub
    state: Path
    store: str = "file"
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    log: io.StringIO = field(default_factory=io.StringIO)
    port: int = 0
    setup: Setup | None = None
    task: asyncio.Task[dict[str, str] | None] | None = None

    @property
    def environ(self) -> dict[str, str]:
        return {
            "ARGOFIX_SETUP_URL": self.url,
            "ARGOFIX_SETUP_STORE": self.store,
            "ARGOFIX_STATE_DIR": str(self.state),
            "ARGOFIX_LOG_FORMAT": "json",
            "GITHUB_API_URL": self.github.api_url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        """The address that the log shows."""
        (line,) = [line for line in map(json.loads, self.log.getvalue().splitlines()) if "open" in line]
        return str(line["open"])

    async def start(self) -> None:
        self.port = free_port()
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def started(_port: int, setup: Setup) -> None:
            self.setup = setup
            ready.set_result(None)

        async def run() -> dict[str, str] | None:
            found = await registration.environment(self.environ, stop=self.stop, started=started)
            return None if found is None else dict(found)

        self.task = asyncio.create_task(run())
        await asyncio.wait((self.task, ready), return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            self.task.result()

    async def get(self, path: str) -> tuple[int, str]:
        url = path if path.startswith("http") else self.url + path
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def callback(self, **changed: str) -> tuple[int, str]:
        """As GitHub would send the browser back."""
        _, text = await self.get(self.page)
        state = re.search(r"state=([\w-]+)", text)
        assert state
        code = self.github.manifest_code(manifest(self.url))
        query = {"code": code, "state": state[1], **changed}
        return await self.get("/setup/callback?" + "&".join(f"{k}={v}" for k, v in query.items()))


@pytest.fixture
async def server(github: SimulatedGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    made = Server(github, tmp_path / "state")
    real = logs.configure
    monkeypatch.setattr(logs, "configure", lambda **said: real(**said, stream=made.log))
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    await made.start()
    yield made
    made.stop.set()
    assert made.task is not None
    await asyncio.gather(made.task, return_exceptions=True)
    root.handlers[:], root.level = before, level


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await chromium.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        yield page
        await chromium.close()
        assert not [text for text in complaints if "favicon" not in text and "404" not in text]


@IN_A_BROWSER
async def test_in_a_browser_one_button_registers_the_app(server: Server, tmp_path: Path) -> None:
    async with browser() as page:
        await page.goto(server.page)
        assert await page.get_by_role("button").filter(visible=True).count() == 1
        await page.screenshot(path=tmp_path / "setup.png")
        await page.get_by_role("button", name="Register the App").click()
        assert "Create GitHub App for you" in await page.inner_text("h1")
        await page.get_by_role("button").click()
        await page.wait_for_url("**/setup/callback**")
        assert "is registered" in await page.inner_text("h1")
        link = await page.get_by_role("link").get_attribute("href")
    assert link and link.endswith("/installations/new")
    assert server.task is not None
    async with asyncio.timeout(20):
        environ = await server.task
    assert environ is not None
    registered = server.github.apps[-1]
    assert environ["GITHUB_APP_ID"] == str(registered.id)
    # What is started with them is accepted by GitHub, and has no such page.
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = Settings.from_environment(environ)
    running = asyncio.create_task(app.serve(settings, stop=stop, started=ready.set_result))
    try:
        await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
        await server.github.wait_for(
            lambda: any(r.path == "/app" and r.status == 200 for r in server.github.requests)
        )
        assert (await server.get(f"/setup?token={server.setup.token if server.setup else ''}"))[0] == 404
        assert (await server.get("/healthz"))[0] == 200
    finally:
        stop.set()
        await running


@IN_A_BROWSER
async def test_in_a_browser_an_organization_can_be_the_owner(server: Server) -> None:
    async with browser() as page:
        await page.goto(server.page)
        await page.get_by_text("For an organization").click()
        await page.get_by_placeholder("its name on GitHub").fill("acme")
        await page.get_by_role("button", name="Take it as the owner").click()
        await page.get_by_role("button", name="Register the App").click()
        assert "Create GitHub App for acme" in await page.inner_text("h1")


async def test_the_page_wants_the_token_of_the_log(server: Server) -> None:
    token = server.page.partition("token=")[2]
    assert len(token) >= 40
    for wrong in (
        "/setup",
        "/setup?token=",
        f"/setup?token={token[:-1]}",
        f"/setup?token={token}x",
        "/setup?token=%FF",
    ):
        status, text = await server.get(wrong)
        assert status == 403 and "<form" not in text and token not in text, wrong
    assert (await server.get(server.page))[0] == 200


async def test_an_answer_that_belongs_to_another_page_is_refused(server: Server) -> None:
    for wrong in ("", "x", "%C3%A9"):
        assert (await server.callback(state=wrong))[0] == 403
    assert not [r for r in server.github.requests if "conversions" in r.path]
    assert (await server.callback(code="..%2F..%2Fuser"))[0] == 400
    assert (await server.callback(code="unknown"))[0] == 502
    assert (await server.callback())[0] == 200  # a failed attempt spoils nothing


async def test_github_that_fails_is_no_end(server: Server) -> None:
    server.github.faults.append(Fault(faults.half_body(), path="conversions"))
    assert (await server.callback())[0] == 502
    assert (await server.callback())[0] == 200


async def test_credentials_are_kept_for_the_server_alone_and_found_at_the_next_start(server: Server) -> None:
    assert (await server.callback())[0] == 200
    assert server.task is not None
    first = await server.task
    file = server.state / "app.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await registration.environment(server.environ) == first
    secret = server.github.apps[-1].webhook_secret
    assert secret and secret not in server.log.getvalue() and "PRIVATE KEY" not in server.log.getvalue()
    file.write_text("[]")
    with pytest.raises(SettingsError, match="does not hold"):
        await registration.environment(server.environ)


async def test_for_a_secret_they_are_shown_once_and_not_kept(server: Server) -> None:
    await server.get("/healthz")
    assert server.setup is not None
    server.stop.set()
    assert server.task is not None and await server.task is None
    other = Server(server.github, server.state, "secret", log=io.StringIO())
    server.log.truncate(0)
    server.log.seek(0)
    other.log = server.log
    await other.start()
    try:
        status, text = await other.callback()
        assert status == 200
        shown = re.search(r"<pre>(.*?)</pre>", text, re.DOTALL)
        assert shown
        words = shlex.split(html.unescape(shown[1]).replace("\\\n", " "))
        made = other.github.apps[-1]
        assert words[:6] == ["kubectl", "--namespace", "argofix", "create", "secret", "generic"]
        literals = dict(word.removeprefix("--from-literal=").split("=", 1) for word in words[7:])
        assert literals == {
            "GITHUB_APP_ID": str(made.id),
            "GITHUB_WEBHOOK_SECRET": made.webhook_secret,
            "GITHUB_PRIVATE_KEY": made.private_key,
        }
        assert not (other.state / "app.json").exists()
        assert made.webhook_secret not in other.log.getvalue()
        assert (await other.get(other.page))[0] == (await other.get("/setup/callback"))[0] == 404
        assert (await other.get("/readyz"))[0] == 503 and (await other.get("/healthz"))[0] == 200
    finally:
        other.stop.set()
        assert other.task is not None
        assert await other.task is None


def test_only_who_asks_for_the_setup_gets_it(tmp_path: Path) -> None:
    asked = {"ARGOFIX_SETUP_URL": "https://bot.example.com/", "ARGOFIX_STATE_DIR": str(tmp_path)}
    found = SetupSettings.from_environment(asked)
    assert found is not None and found.public_url == "https://bot.example.com"
    assert SetupSettings.from_environment({}) is None
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY_PATH", "GITHUB_WEBHOOK_SECRET"):
        assert SetupSettings.from_environment({**asked, name: "1"}) is None
    with pytest.raises(SettingsError, match="ARGOFIX_SETUP_URL"):
        SetupSettings.from_environment({"ARGOFIX_SETUP_URL": "bot.example.com"})


def test_the_manifest_is_app_yaml_for_this_server() -> None:
    asked = manifest("https://bot.example.com")
    assert not problems(asked)
    assert asked["redirect_url"] == "https://bot.example.com/setup/callback"
    assert "argofix.example.com" not in json.dumps(asked)


@pytest.mark.parametrize(
    ("api", "site"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.example.com/api/v3", "https://github.example.com"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
    ],
)
def test_the_site_that_belongs_to_an_api(api: str, site: str) -> None:
    assert site_of(api) == site


async def test_argofix_serve_goes_from_the_page_to_work_and_ends_on_sigterm(
    github: SimulatedGitHub, tmp_path: Path
) -> None:
    by_hand = Server(github, tmp_path / "state")
    by_hand.port = free_port()
    environ = {**by_hand.environ, "PATH": os.environ["PATH"], "ARGOFIX_CLUSTER": "off"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", env=environ, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(30):
            async for line in process.stderr:
                by_hand.log.write(line.decode())
                said = json.loads(line)["message"]
                if said.startswith("no App"):
                    assert (await by_hand.get("/readyz"))[0] == 503
                    assert (await by_hand.callback())[0] == 200
                if said == "ready":
                    break
        assert (await by_hand.get("/setup"))[0] == 404
        assert github.apps[-1].webhook_secret not in by_hand.log.getvalue()
    finally:
        process.terminate()
        assert await process.wait() == 0
