"""What can go wrong between a client and quay.io, on demand. The first fault that applies wins.

quay.faults.append(Fault(too_many(), path=r"page=2", times=2))
"""

import asyncio
import json
import re
from dataclasses import dataclass, field

_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
)


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
    """`path` is looked for in path and query; `times` None means for ever."""

    effect: Effect
    path: str = ""
    times: int | None = 1
    hits: int = 0

    def applies(self, path: str) -> bool:
        if not re.search(self.path, path) or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


def _page(status: int, title: str, **headers: str) -> Effect:
    return Effect(status, {"Content-Type": "text/html", **headers}, _NGINX.format(title).encode())


def too_many(retry_after: int | None = None) -> Effect:
    """As quay.io's nginx says it: HTML, and no Retry-After unless asked for."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _page(429, "429 Too Many Requests", **headers)


def server_error(status: int = 502) -> Effect:
    return _page(status, f"{status} Bad Gateway")


def web_page() -> Effect:
    """A proxy's or captive portal's page, with status 200."""
    return _page(200, "Sign in to the network")


def half_body() -> Effect:
    """The right answer, announced in full, stops in the middle."""
    return Effect(half=True)


def reset() -> Effect:
    """The connection is cut without an answer."""
    return Effect(reset=True)


def held(gate: asyncio.Event) -> Effect:
    """The request waits until the test sets the event."""
    return Effect(gate=gate)


def says(data: object, content_type: str = "application/json") -> Effect:
    """Status 200 with whatever a lying source has to say."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Effect(200, {"Content-Type": content_type}, body)
