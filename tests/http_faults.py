"""What can go wrong between a client and a simulated HTTP server, on demand. The first fault that applies wins.

What each server says when it fails is beside that server (`tests/kubernetes/faults.py`, `tests/quay/faults.py`).
"""

import asyncio
import re
from dataclasses import dataclass, field


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


def half_body() -> Effect:
    """The right answer, announced in full, stops in the middle."""
    return Effect(half=True)


def reset() -> Effect:
    """The connection is cut without an answer."""
    return Effect(reset=True)


def held(gate: asyncio.Event) -> Effect:
    """The request waits until the test sets the event."""
    return Effect(gate=gate)
