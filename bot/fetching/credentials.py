"""Credentials of hosts, from the operator or from what a person has logged in with; never from a repository.

`ARGOFIX_FETCH_CREDENTIALS` names a file in the form of ~/.netrc (`machine HOST[:PORT] login NAME password WORD`) or
of Docker's and Helm's config.json (`{"auths": {"HOST": {"auth": "BASE64"}}}`). Sources: GNU inetutils' "The .netrc
file"; Docker's `cli/config/configfile`; Helm's `pkg/helmpath` and `pkg/repo/repo.go`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.fetching.web import port_of
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError


class CredentialsUnreadable(Exception):
    """The operator's file says something that cannot be understood. The message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Credentials:
    """By `host` or `host:port`, in lower case. A login for a host without a port is for https's and http's own."""

    logins: Mapping[str, Login] = field(default_factory=dict)

    def of(self, url: str) -> Login | None:
        return self.at((urlsplit(url).hostname or "").lower(), port_of(url))

    def at(self, host: str, port: int) -> Login | None:
        exact = self.logins.get(f"{host}:{port}")
        return exact or (self.logins.get(host) if port in (80, 443) else None)

    def headers(self, url: str) -> Mapping[str, str]:
        """For `bot.fetching.web.Authorise`."""
        login = self.of(url)
        return {} if login is None else {"Authorization": login.basic}

    def and_also(self, other: Credentials) -> Credentials:
        """Both; these win."""
        return Credentials({**other.logins, **self.logins})

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be logged."""
        return tuple(login.password for login in self.logins.values() if login.password)

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(self.logins)


def read_credentials(path: Path) -> Credentials:
    """Raises `CredentialsUnreadable`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CredentialsUnreadable(f"{path} cannot be read: {reason}") from None
    try:
        return _docker(json.loads(text)) if text.lstrip().startswith("{") else _netrc(text)
    except ValueError as error:
        raise CredentialsUnreadable(f"{path} is neither a netrc file nor a config.json with auths: {error}") from None


def of_this_user(environ: Mapping[str, str], home: Path) -> Credentials:
    """Helm's and Docker's logins and Helm's repositories of whoever runs the command line; what cannot be read is
    none. Passwords that a credential helper keeps are not asked for."""
    config = Path(
        environ.get("HELM_CONFIG_HOME") or Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "helm"
    )
    registry = Path(environ.get("HELM_REGISTRY_CONFIG") or config / "registry" / "config.json")
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    found = Credentials()
    for path in (registry, docker):
        try:
            found = found.and_also(_docker(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue
    repositories = Path(environ.get("HELM_REPOSITORY_CONFIG") or config / "repositories.yaml")
    return found.and_also(_helm_repositories(repositories))


def _netrc(text: str) -> Credentials:
    words = shlex.split(text, comments=True)
    logins: dict[str, Login] = {}
    at = 0
    while at < len(words):
        if words[at] != "machine" or at + 1 >= len(words):
            raise ValueError("a word stands where `machine HOST` should")
        host, at = words[at + 1].lower(), at + 2
        values: dict[str, str] = {}
        while at + 1 < len(words) and words[at] in ("login", "password", "account"):
            values[words[at]], at = words[at + 1], at + 2
        if "password" not in values:
            raise ValueError("a machine has no password")
        logins[host] = Login(values.get("login", ""), values["password"])
    return Credentials(logins)


def _docker(document: object) -> Credentials:
    auths = document.get("auths") if isinstance(document, dict) else None
    if not isinstance(auths, dict):
        raise ValueError("it has no auths")
    logins: dict[str, Login] = {}
    for host, entry in auths.items():
        login = _docker_login(entry) if isinstance(entry, dict) else None
        if login is not None:
            # Docker writes `https://index.docker.io/v1/` for its own registry.
            name = (urlsplit(host).netloc if "://" in host else host.partition("/")[0]).lower()
            logins["registry-1.docker.io" if name in ("index.docker.io", "docker.io") else name] = login
    return Credentials(logins)


def _docker_login(entry: Mapping[str, object]) -> Login | None:
    name, password, packed = entry.get("username"), entry.get("password"), entry.get("auth")
    if isinstance(name, str) and isinstance(password, str):
        return Login(name, password)
    if not isinstance(packed, str) or not packed:
        return None
    try:
        name, colon, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("an auth is not base64") from None
    return Login(name, password) if colon else None


def _helm_repositories(path: Path) -> Credentials:
    try:
        documents = read_documents("repositories.yaml", path.read_bytes())
        value = documents[0].value() if documents else None
    except (OSError, GitopsError):
        return Credentials()
    entries = value.get("repositories") if isinstance(value, dict) else None
    logins: dict[str, Login] = {}
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        url, name, password = (entry.get(key) for key in ("url", "username", "password"))
        if isinstance(url, str) and isinstance(name, str) and isinstance(password, str) and name and password:
            parts = urlsplit(url)
            logins[f"{(parts.hostname or '').lower()}:{port_of(url)}"] = Login(name, password)
    return Credentials(logins)


def home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none
