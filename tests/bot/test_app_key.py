"""The App's key: however many tokens it signs, it is read once."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import Mock

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import bot.github.app
from bot.github.app import GitHubApp
from tests.bot.clocks import JumpingClock
from tests.github import Installation, auth


async def test_the_key_is_read_once(
    app: GitHubApp, installation: Installation, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, sign = Mock(wraps=load_pem_private_key), Mock(wraps=jwt.encode)
    monkeypatch.setattr(bot.github.app, "load_pem_private_key", read)
    monkeypatch.setattr(jwt, "encode", sign)
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=clock.now))
    for _ in range(3):
        await app.as_app().getitem(f"/app/installations/{installation.id}")
        clock.time += 480
    assert sign.call_count == 3
    assert read.call_count <= 1
    assert not any(isinstance(call.args[1], str) for call in sign.call_args_list)  # it would be read for each
