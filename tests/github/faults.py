"""What can go wrong between a client and GitHub, on demand.

    github.faults.append(Fault(server_error(502), method="PATCH", path=r"/check-runs/", times=2))

A fault names the requests it is for; its effect says what they get. The first fault that applies wins. Paths are
those below the API root (`/repos/...`), or of the git endpoint (`/octo/deploy.git/git-upload-pack`).
"""

import asyncio
import json
import random
import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Effect:
    """What a request gets. `acts`: GitHub does what was asked even though the answer is lost or replaced."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    acts: bool = False
    drop: bool = False
    truncate: bool = False
    gate: asyncio.Event | None = None
    exhaust: bool = False


@dataclass(slots=True)
class Fault:
    """`skip` lets the first n matching requests through; `times` None means for ever."""

    effect: Effect
    method: str | None = None
    path: str = ""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
    hits: int = 0
    _seen: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def applies(self, method: str, path: str) -> bool:
        if (self.method is not None and method != self.method) or not re.search(self.path, path):
            return False
        self._seen += 1
        if self._seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True


def _error(status: int, message: str, headers: dict[str, str]) -> Effect:
    body = json.dumps(
        {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    )
    return Effect(status, {"Content-Type": "application/json; charset=utf-8", **headers}, body)


def secondary_limit(retry_after: int | None = None, status: int = 403) -> Effect:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _error(
        status, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", headers
    )


def too_many_requests(retry_after: int | None = None) -> Effect:
    return secondary_limit(retry_after, 429)


def primary_limit() -> Effect:
    """Answers 403 with X-RateLimit-Remaining 0 and the reset time of the current window."""
    effect = _error(403, "API rate limit exceeded for installation.", {})
    return Effect(effect.status, effect.headers, effect.body, exhaust=True)


def bad_credentials() -> Effect:
    return _error(401, "Bad credentials", {})


def server_error(status: int = 502, *, acts: bool = False) -> Effect:
    page = f"<!DOCTYPE html><html><head><title>Unicorn!</title></head><body>{status}</body></html>"
    return Effect(status, {"Content-Type": "text/html; charset=utf-8"}, page, acts=acts)


def dropped(*, acts: bool = False) -> Effect:
    """The connection is closed without an answer, before GitHub acted or after."""
    return Effect(drop=True, acts=acts)


def half_body() -> Effect:
    """GitHub acts; the answer announces its full length and stops in the middle."""
    return Effect(truncate=True, acts=True)


def held(gate: asyncio.Event) -> Effect:
    """The request waits until the test sets the event, then goes on as usual."""
    return Effect(gate=gate, acts=True)
