"""What can go wrong between a client and an API server, on demand. The first fault that applies wins.

cluster.faults.append(Fault(internal_error(), path=r"/namespaces/shop/secrets", times=2))
"""

import asyncio
import json
import re
from dataclasses import dataclass, field

from tests.kubernetes.status import Refused, too_old


@dataclass(frozen=True, slots=True)
class Effect:
    """What a request gets instead of, or besides (`half`, `gate`), its answer."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    half: bool = False
    reset: bool = False
    gate: asyncio.Event | None = None


@dataclass(slots=True)
class Fault:
    """`path` is looked for in path and query; `skip` lets the first n matching requests through; `times` None means
    for ever."""

    effect: Effect
    path: str = ""
    times: int | None = 1
    skip: int = 0
    hits: int = 0
    _seen: int = 0

    def applies(self, path: str) -> bool:
        if not re.search(self.path, path):
            return False
        self._seen += 1
        if self._seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


def _plain(status: int, text: str, **headers: str) -> Effect:
    return Effect(
        status,
        {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", **headers},
        text.encode(),
    )


def _status(refused: Refused) -> Effect:
    return Effect(refused.code, {"Content-Type": "application/json"}, json.dumps(refused.body).encode())


def too_many_requests(retry_after: int | None = 1) -> Effect:
    """As API Priority and Fairness says it."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _plain(429, "Too many requests, please try again later.\n", **headers)


def internal_error(message: str = "etcdserver: leader changed") -> Effect:
    return _status(Refused(500, "InternalError", f"Internal error occurred: {message}"))


def unavailable() -> Effect:
    """As a load balancer without a backend says it."""
    return _plain(503, "no healthy upstream")


def expired() -> Effect:
    """410, with a token for those who can do with an inconsistent rest."""
    return _status(too_old("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiIn0"))


def half_body() -> Effect:
    """The right answer, announced in full, stops in the middle."""
    return Effect(half=True)


def reset() -> Effect:
    """The connection is cut without an answer."""
    return Effect(reset=True)


def held(gate: asyncio.Event) -> Effect:
    """The request waits until the test sets the event."""
    return Effect(gate=gate)


def garbage(body: bytes, status: int = 200, content_type: str = "application/json") -> Effect:
    """Whatever a proxy makes of an answer."""
    return Effect(status, {"Content-Type": content_type}, body)
