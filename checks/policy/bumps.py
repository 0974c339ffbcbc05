"""The `versions:` part of `.github/argofix.yaml`: which components are followed, and how far.

    versions:
      argo-cd:
        level: minor                     # patch, minor or major: the largest step that is offered (default minor)
        minimumAge: 3                    # days a version must have been out (default 0)
        range: ">=3.2,<4"                # versions that may be offered, as PEP 440 specifiers (default all)
        oneMinorAtATime: true            # never skip a minor version (default true)
        schedule: mon-thu 07:00-15:00    # when pull requests may be opened or moved, UTC (default always)
        overlay: argocd/overlays/staging # default: `argocd.overlay`, else the kustomization below `staging`
        enabled: true

A component that is not built in also says what it is: `images`, `quay`, `repository`, `charts`, `manifest`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from packaging.specifiers import SpecifierSet

from gitops.versions.components import Component

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW: Final = re.compile(r"(?:(?P<days>[a-z,\-]+) +)?(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)")
_MINUTES_OF_A_DAY: Final = 24 * 60


class Level(StrEnum):
    """How far a version is from the current one."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the week, UTC: from minute `start` of each of `days` (0 is Monday) for `minutes` minutes."""

    days: frozenset[int]
    start: int
    minutes: int

    def holds(self, now: datetime) -> bool:
        """Whether `now` (aware, UTC) lies in it. A window over midnight belongs to the day on which it starts."""
        minute = now.hour * 60 + now.minute
        today, yesterday = now.weekday(), (now.weekday() - 1) % 7
        return (today in self.days and self.start <= minute < self.start + self.minutes) or (
            yesterday in self.days and minute + _MINUTES_OF_A_DAY < self.start + self.minutes
        )


@dataclass(frozen=True, slots=True)
class VersionPolicy:
    """How one component is followed. `overlay` is a directory, None when the configuration does not say."""

    component: Component
    level: Level = Level.MINOR
    minimum_age: timedelta = timedelta()
    range: SpecifierSet = field(default_factory=SpecifierSet)
    one_minor_at_a_time: bool = True
    schedule: tuple[Window, ...] = ()
    overlay: str | None = None
    enabled: bool = True

    def is_open(self, now: datetime) -> bool:
        """Whether pull requests may be opened or moved at `now` (aware, UTC)."""
        return not self.schedule or any(window.holds(now) for window in self.schedule)


def parse_window(text: str) -> Window | None:
    """`[DAYS] HH:MM-HH:MM` with DAYS such as `mon-fri` or `sat,sun`; None for anything else. Without days every day;
    an end that is not after the start is on the next day."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None:
        return None
    days = frozenset(range(7)) if found["days"] is None else _days(found["days"])
    start, end = _minute(found["from"]), _minute(found["to"])
    if not days or start is None or end is None or start == _MINUTES_OF_A_DAY:
        return None
    return Window(days, start, end - start if end > start else end - start + _MINUTES_OF_A_DAY)


def _days(text: str) -> frozenset[int]:
    """The days of `mon-wed,fri`; empty when one is unknown."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            return frozenset()
        start, end = _DAYS.index(first), _DAYS.index(last) if dash else _DAYS.index(first)
        found.update((start + i) % 7 for i in range((end - start) % 7 + 1))
    return frozenset(found)


def _minute(text: str) -> int | None:
    hours, minutes = int(text[:2]), int(text[3:])
    total = hours * 60 + minutes
    return total if minutes < 60 and total <= _MINUTES_OF_A_DAY else None


def with_built_in(configured: Mapping[str, VersionPolicy], built_in: Mapping[str, Component]) -> list[VersionPolicy]:
    """Every component that is followed: those configured, then the built-in ones that are not, by the defaults."""
    rest = [VersionPolicy(component) for name, component in built_in.items() if name not in configured]
    return [policy for policy in (*configured.values(), *rest) if policy.enabled]
