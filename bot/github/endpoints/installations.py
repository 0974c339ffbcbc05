"""The App itself, its installations, and the deliveries GitHub tried. Source: GitHub REST "Apps", "App webhooks"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.github.client import GitHub
from bot.github.model import Installation, Repository
from bot.http.fields import Fields


@dataclass(frozen=True, slots=True)
class AppIdentity:
    id: int
    slug: str

    @property
    def login(self) -> str:
        """The user name under which the App comments and commits."""
        return f"{self.slug}[bot]"


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One attempt of GitHub to deliver. `guid` is X-GitHub-Delivery, the same for every redelivery."""

    id: int
    guid: str
    event: str
    delivered_at: float  # seconds since the epoch
    status_code: int
    redelivery: bool


async def identity(app: GitHub) -> AppIdentity:
    """Who we are (with the App's JWT). Raises `Unauthorised` for a wrong key or App id."""
    fields = Fields(await app.getitem("/app"))
    return AppIdentity(fields.number("id"), fields.text("slug"))


async def listed(app: GitHub) -> list[Installation]:
    """Every installation (with the App's JWT)."""
    path = "/app/installations{?per_page}"
    return [Installation.parse(Fields(item)) async for item in app.getiter(path, {"per_page": 100})]


async def get(app: GitHub, installation: int) -> Installation:
    """One installation (with the App's JWT). Raises `NotFound` when it was deleted."""
    return Installation.parse(Fields(await app.getitem(f"/app/installations/{installation}")))


async def repositories(github: GitHub) -> list[Repository]:
    """What an installation may see (with an installation client for no particular repository)."""
    path = "/installation/repositories{?per_page}"
    items = github.getiter(path, {"per_page": 100}, key="repositories")
    return [Repository.parse(Fields(item)) async for item in items]


async def deliveries(app: GitHub, *, since: float) -> list[HookDelivery]:
    """Attempts since then (seconds since the epoch), newest first (with the App's JWT)."""
    found: list[HookDelivery] = []
    async for item in app.getiter("/app/hook/deliveries{?per_page}", {"per_page": 100}):
        fields = Fields(item)
        delivered_at = datetime.fromisoformat(fields.text("delivered_at")).timestamp()
        if delivered_at < since:
            break
        found.append(
            HookDelivery(
                id=fields.number("id"),
                guid=fields.text("guid"),
                event=fields.text("event"),
                delivered_at=delivered_at,
                status_code=fields.number("status_code"),
                redelivery=fields.flag("redelivery", False),
            )
        )
    return found


async def redeliver(app: GitHub, delivery_id: int) -> None:
    """Ask GitHub to deliver again (with the App's JWT)."""
    await app.post(f"/app/hook/deliveries/{delivery_id}/attempts", None)
