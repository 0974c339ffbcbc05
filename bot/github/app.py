"""The GitHub App: its JWT, its installations' tokens, and clients that use them.

Tokens are narrowed to one repository and to the permissions that the work needs, kept in memory only, renewed five
minutes before they expire, and thrown away when GitHub refuses them. Sources: GitHub's "Generating a JSON Web Token"
(10 minutes at most, issue time backdated by a minute) and "Create an installation access token for an app".
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.github.client import GitHub, Wire
from bot.github.errors import Forbidden, Unprocessable
from bot.github.pace import ContentLimits, Held, Pace
from bot.http.fields import Fields
from bot.process.clock import Clock

RENEW_BEFORE = 300.0  # seconds before expiry
_JWT_LIFE = 540
_BACKDATED = 60

Permissions = Mapping[str, str]
# What a piece of work asks for; `metadata: read` is always granted.
READ: Permissions = {"contents": "read"}
REPORT: Permissions = {"checks": "write", "contents": "read", "pull_requests": "write"}
TALK: Permissions = {**REPORT, "issues": "write"}  # on issues; pull requests are covered by their own permission
FIX: Permissions = {"checks": "write", "contents": "write", "pull_requests": "write"}
_LEVELS = ("read", "write", "admin")


def lacking(granted: Permissions) -> Permissions:
    """What of `FIX` an installation has not been granted."""
    return {n: level for n, level in FIX.items() if granted.get(n) not in _LEVELS[_LEVELS.index(level) :]}


@functools.lru_cache(maxsize=1)
def _key(pem: str) -> RSAPrivateKey:
    """Read once: OpenSSL tries its primes each time, which holds up the event loop for some 50 ms."""
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)  # `bot.server.settings` takes no other
    return key


@dataclass(slots=True)
class _AppAuthority:
    app_id: int
    private_key: str = field(repr=False)
    clock: Clock
    scheme: str = "bearer"
    _token: str = field(default="", repr=False)
    _renew_at: float = 0.0

    async def token(self, *, refused: str | None = None) -> str:
        now = self.clock.now()
        if not self._token or now >= self._renew_at or refused == self._token:
            issued = int(now) - _BACKDATED
            claims = {"iat": issued, "exp": issued + _JWT_LIFE, "iss": str(self.app_id)}
            self._token = jwt.encode(claims, _key(self.private_key), algorithm="RS256")
            self._renew_at = issued + _JWT_LIFE - 60
        return self._token


@dataclass(slots=True)
class _InstallationAuthority:
    """`repository` is the id, which survives a rename; None is every repository."""

    app: GitHub
    clock: Clock
    installation: int
    repository: int | None
    permissions: Permissions | None
    scheme: str = "token"
    _token: str = field(default="", repr=False)
    _expires_at: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def token(self, *, refused: str | None = None) -> str:
        async with self._turn:  # a burst of requests asks for one token
            if not self._token or refused == self._token or self.clock.now() >= self._expires_at - RENEW_BEFORE:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        wanted: dict[str, object] = {}
        if self.repository is not None:
            wanted["repository_ids"] = [self.repository]
        if self.permissions is not None:
            wanted["permissions"] = dict(self.permissions)
        try:
            answer = await self.app.request(
                "POST",
                "/app/installations/{installation}/access_tokens",
                {"installation": self.installation},
                wanted or None,
                repeatable=True,
            )
        except Unprocessable as error:
            # Either a permission was not granted (yet), or the repository was taken out of the installation.
            raise Forbidden(error.reason, status=422, request=error.request) from None
        fields = Fields(answer.data)
        self._token = fields.text("token")
        self._expires_at = datetime.fromisoformat(fields.text("expires_at")).timestamp()


class GitHubApp:
    """Hands out clients. One per server; `wire.session` is closed by whoever opened it."""

    def __init__(self, wire: Wire, *, app_id: int, private_key: str, content: ContentLimits | None = None) -> None:
        self.app_id = app_id
        self._wire = wire
        self._content = content or ContentLimits()
        self._paces: dict[int, Pace] = {}
        self._authorities: dict[tuple[object, ...], _InstallationAuthority] = {}
        authority = _AppAuthority(app_id, private_key, wire.clock)
        # GitHub's content limits are per user or App and installation, so the App itself has a pace of its own.
        self._app = GitHub(wire, authority, Pace(wire.clock), scope="app")

    def as_app(self) -> GitHub:
        """Access with the App's JWT: installations, hook deliveries."""
        return self._app

    def installation(
        self, installation: int, repository: int | None = None, permissions: Permissions | None = REPORT
    ) -> GitHub:
        """Access to one repository (its id) of an installation, or to all of them, with these permissions.

        Nothing is sent until the first request. That raises `NotFound` for a deleted installation, `Suspended`, and
        `Forbidden` when a permission was not granted or the repository is not the installation's.
        """
        authority = self._authority(installation, repository, permissions)
        pace = self._paces.setdefault(installation, Pace(self._wire.clock, self._content))
        return GitHub(self._wire, authority, pace, scope=f"installation/{installation}")

    async def token(self, installation: int, repository: int, refused: str | None = None) -> str:
        """A token for `git fetch` of this repository, and for nothing else; another one than `refused`."""
        return await self._authority(installation, repository, READ).token(refused=refused)

    def held(self) -> Mapping[int, Held]:
        """Installations whose work waits for a limit, and for which."""
        return {number: held for number, pace in self._paces.items() if (held := pace.held) is not None}

    def forget(self, installation: int) -> None:
        """Drop what is known of an installation (it was deleted or its permissions changed)."""
        self._authorities = {k: a for k, a in self._authorities.items() if k[0] != installation}

    def _authority(
        self, installation: int, repository: int | None, permissions: Permissions | None
    ) -> _InstallationAuthority:
        key = (installation, repository, tuple(sorted((permissions or {}).items())))
        return self._authorities.setdefault(
            key, _InstallationAuthority(self._app, self._wire.clock, installation, repository, permissions)
        )
