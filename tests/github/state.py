"""Who and what there is on the simulated GitHub, apart from repositories: users, the App, installations, tokens."""

import asyncio
import itertools
import random
import string
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github.faults import Fault
from tests.github.limits import SecondaryLimits

if TYPE_CHECKING:
    from tests.github.repository import Repository
    from tests.github.webhooks import Delivery

Json = dict[str, Any]

PERMISSIONS = {
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
}
EVENTS = (
    "check_run",
    "check_suite",
    "create",
    "delete",
    "issue_comment",
    "issues",
    "merge_group",
    "pull_request",
    "push",
    "repository",
)
LEVELS = {"read": 1, "write": 2, "admin": 3}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    id: int
    login: str
    type: str = "User"
    name: str | None = None

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(slots=True)
class App:
    id: int
    slug: str
    name: str
    owner: User
    bot: User
    client_id: str
    private_key: str
    public_key: str
    webhook_secret: str
    webhook_url: str | None = None
    permissions: dict[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    events: tuple[str, ...] = EVENTS


@dataclass(slots=True)
class Installation:
    """`repositories` None means all of the account's."""

    id: int
    app: App
    account: User
    permissions: dict[str, str]
    events: tuple[str, ...]
    created_at: str
    repositories: set[int] | None = None
    suspended_at: str | None = None
    deleted: bool = False

    @property
    def active(self) -> bool:
        return not self.deleted and self.suspended_at is None

    def covers(self, repository: "Repository") -> bool:
        if repository.owner != self.account:
            return False
        return self.repositories is None or repository.id in self.repositories


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    installation: Installation
    permissions: dict[str, str]
    repositories: frozenset[int] | None
    expires_at: datetime

    def covers(self, repository: "Repository") -> bool:
        narrowed = self.repositories is None or repository.id in self.repositories
        return narrowed and self.installation.covers(repository)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that GitHub does not document: `side` is whose mistake it is (client, simulation or webhook)."""

    side: str
    operation: str
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.side} {self.operation}: {'; '.join(self.problems)}"


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    method: str
    path: str
    operation: str | None
    installation: int | None
    status: int
    body: Any = None


class Clock:
    """The time now, plus what a test has advanced."""

    def __init__(self, start: datetime | None = None) -> None:
        self.offset = timedelta() if start is None else start - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **duration: float) -> None:
        self.offset += timedelta(**duration)


@cache
def key_pair() -> tuple[str, str]:
    """One RSA key for the process: making one takes longer than most tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


class State:
    """Everything the simulated GitHub remembers, and the way to wait for it to change."""

    def __init__(self, *, slug: str = "argofix", clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or Clock()
        self.url = "http://127.0.0.1:0"
        self.users: dict[str, User] = {}
        self.repositories: dict[int, Repository] = {}
        self.moved: dict[str, int] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.manifests: dict[str, App] = {}
        self.deliveries: list[Delivery] = []
        self.violations: list[Violation] = []
        self.requests: list[LoggedRequest] = []
        self.faults: list[Fault] = []
        self.rate_limit = 5000
        self.secondary: SecondaryLimits | None = None
        self.held: list[Delivery] | None = None  # webhooks on their way, while a test holds them up
        self._rate_used: dict[tuple[int, int], int] = {}
        self.ids = itertools.count(1001)
        self.random = random.Random(20260101)
        self.busy = 0
        self.webhook_timeout = 10.0
        self.watch: Callable[[str | None], None] | None = None  # hears of each operation that was served
        self.tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Future[None]] = set()
        self._directory = tempfile.TemporaryDirectory(prefix="simulated-github-")
        self.root = Path(self._directory.name)
        self.ghost = self.user("ghost")
        self.web_flow = self.user("web-flow")
        self.apps: list[App] = []
        self.app = self.new_app(slug)

    def cleanup(self) -> None:
        self._directory.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v3"

    def now(self) -> str:
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def letters(self, length: int) -> str:
        return "".join(self.random.choices(string.ascii_letters + string.digits, k=length))

    def guid(self) -> str:
        digits = f"{self.random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def user(self, login: str, type: str = "User", name: str | None = None) -> User:
        """The user or organization of that login, made when there is none."""
        return self.users.setdefault(login.lower(), User(next(self.ids), login, type, name))

    def new_app(self, slug: str, name: str | None = None) -> App:
        private, public = key_pair()
        bot = self.user(f"{slug}[bot]", "Bot")
        app = App(
            id=next(self.ids),
            slug=slug,
            name=name or slug,
            owner=self.user("argofix-maintainers", "Organization"),
            bot=bot,
            client_id=f"Iv23li{self.letters(14)}",
            private_key=private,
            public_key=public,
            webhook_secret=self.letters(40),
        )
        self.apps.append(app)
        return app

    def find(self, owner: str, name: str) -> "Repository | None":
        wanted = f"{owner}/{name}".lower()
        for repository in self.repositories.values():
            if repository.full_name.lower() == wanted:
                return repository
        return None

    def installation_for(self, repository: "Repository") -> Installation | None:
        for installation in self.installations.values():
            if not installation.deleted and installation.covers(repository):
                return installation
        return None

    def violation(self, side: str, operation: str, *problems: str) -> None:
        self.violations.append(Violation(side, operation, problems))

    def assert_no_violations(self) -> None:
        assert not self.violations, "\n".join(map(str, self.violations))

    def rate(self, installation: Installation | None, *, use: int = 0) -> dict[str, int]:
        """The primary rate limit of an installation in this hour, after `use` more requests."""
        hour = int(self.clock().timestamp()) // 3600
        key = (installation.id if installation else 0, hour)
        used = self._rate_used[key] = min(self.rate_limit, self._rate_used.get(key, 0) + use)
        reset = (hour + 1) * 3600
        return {"limit": self.rate_limit, "used": used, "remaining": self.rate_limit - used, "reset": reset}

    def changed(self) -> None:
        """Wakes everybody who waits for a condition."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, condition: Callable[[], T], within: float = 10) -> T:
        """The condition's value as soon as it is true; looked at again after every request, delivery and action.

        Raises TimeoutError, naming what GitHub has seen, after `within` seconds.
        """
        try:
            async with asyncio.timeout(within):
                while not (value := condition()):
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.add(future)
                    try:
                        await future
                    finally:
                        self._waiting.discard(future)
                return value
        except TimeoutError:
            seen = [f"{item.method} {item.path} {item.status}" for item in self.requests[-10:]]
            problems = [str(item) for item in self.violations]
            raise TimeoutError(f"not within {within} s; last requests: {seen}; violations: {problems}") from None

    async def settle(self, within: float = 10) -> None:
        """Waits until every webhook that went out has been answered and no request is being served."""

        def over(item: "Delivery") -> bool:
            return item.done or item in (self.held or ())

        await self.wait_for(lambda: self.busy == 0 and all(map(over, self.deliveries)), within)

    def expire_tokens(self) -> None:
        """Every installation token handed out so far is expired from now on."""
        self.tokens.clear()
