"""Logins of hosts, as netrc and Docker's and Helm's config.json write them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from bot.fetching.credentials import CredentialsUnreadable, Login, read_credentials

NETRC = """
# a comment
machine charts.internal login bot password "two words"
machine git.internal:8443
  login bot
  password word
"""
DOCKER = {
    "auths": {
        "registry.internal": {"auth": base64.b64encode(b"bot:wo:rd").decode()},
        "https://index.docker.io/v1/": {"username": "a", "password": "b"},
        "empty.internal": {},
    },
    "credsStore": "desktop",
}


def test_a_netrc_file_names_hosts(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text(NETRC)
    found = read_credentials(file)
    assert found.of("https://charts.internal/x") == Login("bot", "two words")
    assert found.of("https://charts.internal:8443/x") is None, "another port is another server"
    assert found.of("https://git.internal:8443/x") == Login("bot", "word")
    assert found.of("https://git.internal/x") is None
    assert found.of("https://evil.charts.internal/") is None
    assert found.secrets == ("two words", "word")
    assert "word" not in repr(found.logins["git.internal:8443"])


def test_a_docker_file_names_registries(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(DOCKER))
    found = read_credentials(file)
    assert found.of("https://registry.internal/v2/") == Login("bot", "wo:rd")
    assert found.of("https://registry-1.docker.io/v2/") == Login("a", "b")
    assert found.of("https://empty.internal/v2/") is None


@pytest.mark.parametrize(
    "text",
    [
        "login bot",
        "machine x login bot",
        "machine",
        '{"auth": {}}',
        '{"auths": {"x": {"auth": "%%%"}}}',
        "{",
        '"open',
    ],
)
def test_what_cannot_be_understood_is_said_without_quoting_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(CredentialsUnreadable) as caught:
        read_credentials(file)
    assert str(file) in str(caught.value)
    assert "%%%" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CredentialsUnreadable, match="cannot be read: No such file"):
        read_credentials(tmp_path / "none")
