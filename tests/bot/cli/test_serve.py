"""`argofix serve` when it cannot: one line that says what is in the way."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import bot.server.app
from bot.__main__ import main
from tests.github.state import key_pair


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "ARGOFIX_", "KUBE")):
            monkeypatch.delenv(name)
    given = {
        "GITHUB_APP_ID": "1",
        "GITHUB_PRIVATE_KEY": key_pair()[0],
        "GITHUB_WEBHOOK_SECRET": "a long enough secret",
        "GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
        "ARGOFIX_STATE_DIR": str(tmp_path / "state"),
        "ARGOFIX_CLUSTER": "off",
        "HOST": "127.0.0.1",
        "PORT": "0",
    }

    def put(**changes: str) -> None:
        for name, value in {**given, **changes}.items():
            monkeypatch.setenv(name, value)

    # These would change the process that runs the tests.
    monkeypatch.setattr("bot.process.own_process.keep_to_itself", lambda _names: None)
    monkeypatch.setattr("bot.process.logs.configure", lambda **_settings: None)
    return put


def said(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["serve"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_port_that_is_taken_is_named(environ: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environ(PORT=str(port))
        where = f"it cannot listen on 127.0.0.1, port {port} (HOST, PORT): Address already in use"
        assert said(capsys) == f"argofix: the server cannot start: {where}"


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_named(
    environ: Callable[..., None], capsys: pytest.CaptureFixture[str], host: str
) -> None:
    environ(HOST=host)
    where = f"it cannot listen on {host}, port 0 (HOST, PORT): "
    assert said(capsys).startswith(f"argofix: the server cannot start: {where}")


@pytest.mark.parametrize("below", ["", "deeper/"])
def test_a_state_directory_that_cannot_be_is_named(
    environ: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("x")
    environ(ARGOFIX_STATE_DIR=str(tmp_path / "file" / below))
    line = said(capsys)
    assert line.startswith(f"argofix: the server cannot start: {tmp_path / 'file'}")
    assert line.endswith((": File exists", ": Not a directory"))


def test_what_happens_later_is_not_called_a_failed_start(
    environ: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "/state/mirrors")

    monkeypatch.setattr(bot.server.app, "_work", broken)
    environ()
    assert said(capsys) == "argofix: the server had to end: /state/mirrors: Input/output error"


def test_errors_of_work_side_by_side_are_told_by_name(
    environ: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a group, Python says only how many errors it holds."""

    async def broken(*_: object) -> None:
        async def house() -> None:
            raise RuntimeError("the roof leaks")

        await bot.server.app.side_by_side(asyncio.sleep(60), [house()])

    monkeypatch.setattr(bot.server.app, "_work", broken)
    environ()
    line = said(capsys)
    assert line.endswith("RuntimeError: the roof leaks")
    assert "TaskGroup" not in line + caplog.text.partition("Traceback")[0]
    told = [vars(record)["reason"] for record in caplog.records if record.message == "the server ends"]
    assert told == ["RuntimeError: the roof leaks"]
