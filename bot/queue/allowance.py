"""How often somebody may have something done that costs others their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from cachetools import LRUCache

PERIOD = 600.0  # seconds
EACH = 1  # time for each thing
ALL = 6  # times in all
_MOST = 10_000  # people who are remembered


@dataclass(frozen=True, slots=True)
class _Use:
    at: float
    what: Hashable
    occasion: str


@dataclass(slots=True)
class Allowance:
    """Uses of the last `PERIOD` by who had them. Kept in memory: a restart forgives."""

    _uses: LRUCache[Hashable, deque[_Use]] = field(default_factory=lambda: LRUCache(_MOST))

    def take(self, who: Hashable, what: Hashable | None, occasion: str, now: float) -> bool:
        """Whether `who` may have `what` done; None is anything that is not counted apart. `occasion` names the wish:
        one that is worked on again after it broke off counts once."""
        uses = self._uses.setdefault(who, deque())
        while uses and uses[0].at <= now - PERIOD:
            uses.popleft()
        if any(use.occasion == occasion and use.what == what for use in uses):
            return True
        if len(uses) >= ALL or (what is not None and sum(use.what == what for use in uses) >= EACH):
            return False
        uses.append(_Use(now, what, occasion))
        return True
