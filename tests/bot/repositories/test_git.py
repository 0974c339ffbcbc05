"""The door to git: what gets out (nothing secret), what gets in (nothing from outside), what stays."""

import asyncio
import base64
import os
import select
from pathlib import Path

import pytest
from aiohttp import web

from bot.repositories.git import (
    AuthenticationRefused,
    GitError,
    GitTimeout,
    RemoteUnavailable,
    RepositoryGone,
    environment,
    git,
)
from bot.repositories.mirror import Mirror
from bot.repositories.trees import Repository

TOKEN = "ghs_" + "t0ken" * 20


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` that is a shell script; returns where to write it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory / "git"


def script(path: Path, text: str) -> None:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def alive(pid: int) -> bool:
    """Whether a process runs; one that was killed and not yet reaped by init does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def dies(pid: int) -> bool:
    """Whether a process ends; death by a signal takes the kernel a moment."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watch], [], [], 5)[0]) or not alive(pid)
    finally:
        os.close(watch)


async def test_the_token_is_in_the_environment_of_git_only_and_only_for_its_origin(
    fake_git: Path, tmp_path: Path
) -> None:
    script(fake_git, 'echo "$@"; tr "\\0" "\\n" < /proc/$$/cmdline; echo; echo ENVIRONMENT; env')
    out = (await git(["fetch", "url"], tmp_path, token=TOKEN, origin="https://example.org/")).decode()
    arguments, _, _env = out.partition("ENVIRONMENT")
    basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert TOKEN not in out
    assert basic not in arguments
    assert "=http.https://example.org/.extraHeader" in out
    assert f"=Authorization: Basic {basic}" in out


async def test_nothing_of_the_callers_git_environment_is_inherited(
    fake_git: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "GIT_DIR",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_PARAMETERS",
        "GITHUB_PRIVATE_KEY",
        "HOME",
        "XDG_CONFIG_HOME",
    ):
        monkeypatch.setenv(name, "/hostile")
    script(fake_git, "env")
    out = (await git(["status"], tmp_path)).decode()
    assert "/hostile" not in out
    assert "GIT_TERMINAL_PROMPT=0" in out
    assert "GIT_CONFIG_GLOBAL=/dev/null" in out


@pytest.mark.parametrize("line", ["fatal: Authentication failed for 'https://x/'", f"boom {TOKEN}"])
async def test_an_error_never_quotes_the_token(fake_git: Path, tmp_path: Path, line: str) -> None:
    basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    script(fake_git, f'echo "{line}" >&2; echo "Authorization: Basic {basic}" >&2; exit 128')
    with pytest.raises(GitError) as caught:
        await git(["fetch"], tmp_path, token=TOKEN)
    text = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert TOKEN not in text
    assert basic not in text


@pytest.mark.parametrize("how", ["timeout", "cancelled"])
async def test_a_hanging_git_is_killed_with_its_children(fake_git: Path, tmp_path: Path, how: str) -> None:
    os.mkfifo(tmp_path / "started")
    script(fake_git, f"sleep 1000 & echo $! $$ > {tmp_path}/started; wait")
    run = asyncio.create_task(git(["fetch"], tmp_path, timeout=0.2 if how == "timeout" else 60))
    pids = [int(word) for word in (await asyncio.to_thread((tmp_path / "started").read_text)).split()]
    if how == "cancelled":
        run.cancel()
    with pytest.raises(GitTimeout if how == "timeout" else asyncio.CancelledError):
        await run
    assert all(dies(pid) for pid in pids)


async def test_a_helper_that_outlives_git_and_holds_its_pipes_is_killed_too(fake_git: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    script(fake_git, f"sleep 1000 & echo $! > {tmp_path}/started; exit 0")
    run = asyncio.create_task(git(["fetch"], tmp_path, timeout=0.2))
    pid = int(await asyncio.to_thread((tmp_path / "started").read_text))
    with pytest.raises(GitTimeout):
        await run
    assert dies(pid)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(404, RepositoryGone), (401, AuthenticationRefused), (403, AuthenticationRefused), (502, RemoteUnavailable)],
)
async def test_answers_of_a_server_become_errors_by_meaning(
    tmp_path: Path, status: int, meaning: type[GitError]
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}/o/r.git".format(*runner.addresses[0][:2])
    try:
        with pytest.raises(meaning):
            await git(["ls-remote", "--end-of-options", url], tmp_path, token=TOKEN)
    finally:
        await runner.cleanup()
    with pytest.raises(RemoteUnavailable):  # nobody listens there any more
        await git(["ls-remote", "--end-of-options", url], tmp_path)


async def test_a_name_that_looks_like_an_option_is_a_name(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        await git(["ls-remote", "--end-of-options", f"--upload-pack=touch {tmp_path}/pwned"], tmp_path)
    assert not (tmp_path / "pwned").exists()


async def test_names_stand_where_git_reads_no_options(fake_git: Path, tmp_path: Path) -> None:
    """By whatever way somebody else's words get to git."""
    script(fake_git, f'echo "$@" >> {tmp_path}/seen')
    await Mirror(tmp_path / "mirror", "--upload-pack=evil").fetch(["1" * 40], refs=["refs/heads/--output=evil"])
    with Repository(tmp_path) as repository, pytest.raises(GitError):
        repository.resolve("--output=evil")
    commands = [line.split() for line in (tmp_path / "seen").read_text().splitlines() if "evil" in line]
    assert {words[0] for words in commands} == {"fetch", "rev-parse"}
    for words in commands:
        options = words[: words.index("--end-of-options")]
        assert not [word for word in options if "evil" in word]


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% /tmp/pwned-by-ext", "ssh://host/x", "file:///etc", "git://host/x"]
)
async def test_only_http_is_spoken_to_a_server(tmp_path: Path, url: str) -> None:
    with pytest.raises(GitError, match="not allowed"):
        await git(["ls-remote", "--end-of-options", url], tmp_path)


def test_local_reading_reaches_no_network() -> None:
    env = environment(local=True)
    settings = {env[f"GIT_CONFIG_KEY_{i}"]: env[f"GIT_CONFIG_VALUE_{i}"] for i in range(int(env["GIT_CONFIG_COUNT"]))}
    assert settings["protocol.allow"] == "never"
    assert "protocol.https.allow" not in settings
    assert settings["core.hooksPath"] == "/dev/null"
