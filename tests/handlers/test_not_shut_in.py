"""The server as a restricted Pod runs it, where nothing shuts the renderer in: a process of its own, confined."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from demo.story import BEFORE, PROPOSED
from tests.bot.rendering import confine
from tests.bot.rendering.attacks import BASE, builtin_generator
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import answers
from tests.handlers.conftest import CHECKS, FAILED, OWNERSHIP, Contents, checked, summary_of
from tests.scenarios import application

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or sys.platform != "linux", reason="knows no such system calls"
)

RENDER = "argofix / render"


@dataclass(frozen=True)
class Confined:
    """A server in a Pod's confinement: its process and port, and how it began its log."""

    pid: int
    port: int
    log: list[dict[str, object]]


@asynccontextmanager
async def serving(github: SimulatedGitHub, state: Path, confined: bool = True) -> AsyncIterator[Confined]:
    environment = {
        "PATH": os.environ["PATH"],
        "ARGOFIX_STATE_DIR": str(state),
        "ARGOFIX_LOG_FORMAT": "json",
        "ARGOFIX_CLUSTER": "off",
        "ARGOFIX_POLL_INTERVAL": "0",
        "GITHUB_APP_ID": str(github.app.id),
        "GITHUB_PRIVATE_KEY": github.app.private_key,
        "GITHUB_WEBHOOK_SECRET": github.app.webhook_secret,
        "GITHUB_API_URL": github.api_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    argv = [*([sys.executable, confine.__file__] if confined else []), sys.executable, "-m", "bot", "serve"]
    server = await asyncio.create_subprocess_exec(*argv, env=environment, stderr=asyncio.subprocess.PIPE)
    assert server.stderr is not None
    log: list[dict[str, object]] = []

    async def read(until: str = "") -> None:
        assert server.stderr is not None
        async for line in server.stderr:
            log.append(json.loads(line))
            if log[-1]["message"] == until:
                return

    async with asyncio.timeout(30):
        await read(until="ready")
    rest = asyncio.create_task(read())
    (listening,) = (line for line in log if line["message"] == "listening")
    port = int(str(listening["port"]))
    github.app.webhook_url = f"http://127.0.0.1:{port}/webhook"
    try:
        yield Confined(server.pid, port, log)
    finally:
        server.terminate()
        await server.wait()
        await rest


def from_fork(
    github: SimulatedGitHub, files: Contents, *, private: bool = False, draft: bool = False
) -> tuple[Repository, PullRequest]:
    repo = github.repository("acme/platform", BEFORE, private=private)
    github.install(repo)
    mallory = github.user("mallory")
    fork = github.fork(repo, mallory)
    fork.push("copy", files, author=mallory)
    return repo, github.open_pull(repo, "copy", title="Copy", user=mallory, head_repo=fork, draft=draft)


def stealing(pid: int) -> Contents:
    """Files that read the server's environment, were it there to be read."""
    files: Contents = {f"steal/{path}": text for path, text in builtin_generator(f"/proc/{pid}/environ").items()}
    return {**files, "steal/base.yaml": BASE, "steal.yaml": application("steal", "steal")}


async def test_strangers_files_are_not_rendered(github: SimulatedGitHub, tmp_path: Path) -> None:
    async with serving(github, tmp_path) as server:
        _, pull = from_fork(github, stealing(server.pid))
        assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
        assert {run.title for run in pull.checks.values()} == {"Not judged: the renderer is not shut in"}
        assert "comes from a fork of a public repository" in summary_of(pull)
        refused = "pull requests from forks of public repositories"
        (said,) = (line for line in server.log if line["message"] == "the renderer is not shut in")
        assert (said["exposed"], said["refused"]) == ("the server's file system and the network", refused)
        url = f"http://127.0.0.1:{server.port}/readyz"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            told = (await answer.json())["troubles"]
        reach = "it is not shut in and could reach the server's file system and the network"
        assert told["renderer confinement"] == f"{reach}; {refused} are refused"


async def test_a_command_does_not_render_them_either(github: SimulatedGitHub, tmp_path: Path, alice: User) -> None:
    async with serving(github, tmp_path):
        _, pull = from_fork(github, PROPOSED)
        await checked(github, pull)
        github.comment(pull, alice, "/argofix secrets")
        await github.wait_for(lambda: bool(answers(github, pull.issue)), within=30)
        (answer,) = answers(github, pull.issue)
        assert "comes from a fork of a public repository" in answer


@pytest.mark.parametrize("fork", [True, False], ids=["fork of a private repository", "branch"])
async def test_everybody_elses_are(github: SimulatedGitHub, tmp_path: Path, alice: User, fork: bool) -> None:
    async with serving(github, tmp_path) as server:
        files = {**PROPOSED, **stealing(server.pid)}
        if fork:
            _, pull = from_fork(github, files, private=True)
        else:
            repo = github.repository("acme/platform", BEFORE)
            github.install(repo)
            repo.push("copy", files, author=alice)
            pull = github.open_pull(repo, "copy", title="Copy", user=alice)
        assert (await checked(github, pull))[OWNERSHIP] == "failure"
        environ = Path(f"/proc/{server.pid}/environ")
        assert b"GITHUB" not in await asyncio.to_thread(environ.read_bytes)
        received = "\n".join(json.dumps(request.body) for request in github.requests if request.body)
        assert "steal" in received
        for secret in (github.app.webhook_secret, github.app.private_key.splitlines()[1]):
            assert secret not in received


async def test_what_was_refused_is_judged_once_the_renderer_is_shut_in(
    github: SimulatedGitHub, tmp_path: Path
) -> None:
    async with serving(github, tmp_path / "confined"):
        _, pull = from_fork(github, PROPOSED, draft=True)
        assert await checked(github, pull) == dict.fromkeys(CHECKS, "failure")
    async with serving(github, tmp_path / "state", confined=False):
        github.ready_for_review(pull, github.user("mallory"))
        await github.wait_for(lambda: pull.checks[RENDER].conclusion == "success", within=30)
        assert await checked(github, pull) == FAILED
