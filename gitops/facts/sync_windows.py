"""The sync windows of an AppProject: when they are open, and for which Applications.

Sources: argo-cd, pkg/apis/application/v1alpha1/types.go (SyncWindows.Matches, active, inactiveAllows, CanSync,
scheduleOffsetByTimeZone); github.com/robfig/cron/v3, parser.go and spec.go (Next, dayMatches), with five fields and
no descriptors; Go's time.ParseDuration.

A window is open from a moment of its schedule on for its duration. Where a schedule has no moment in five years (31
February), Next says year 1, which is past, so that Argo CD takes the window for open at all times.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gitops.applications.application import Destination
from gitops.applications.directory import glob_matches
from gitops.facts.secrets.pods import mapping, sequence
from gitops.facts.time_zones import is_zone
from gitops.resources.manifests import text_of

WEEK = 7 * 24 * 60  # minutes
ALWAYS = (1 << WEEK) - 1  # the minutes of a week from Sunday 00:00 on, the first one lowest
_NAMES = {
    3: {name.lower(): at for at, name in enumerate(calendar.month_abbr) if name},
    4: {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6},
}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}")
_UNITS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MOST_CHARACTERS = 4_000  # of a duration: a number of so many digits neither Go reads nor Python
_DURATION = re.compile(rf"[+-]?(?:0|(?:{_PART.pattern})+)")


class BadSchedule(ValueError):
    """What is wrong with a schedule, as a clause."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values of each field; `any_day` that the day of the month, or that of the week, is a star. `zoned`: it has
    a time zone of its own."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool = False
    zoned: bool = False

    @property
    def happens(self) -> bool:
        """Whether it ever has a moment."""
        of_month = any(day <= _LONGEST[month - 1] for month in self.months for day in self.days)
        on_day = (of_month and bool(self.weekdays)) if self.any_day else (of_month or bool(self.weekdays))
        return bool(self.minutes and self.hours and self.months) and on_day

    @property
    def week(self) -> int | None:
        """Its moments as minutes of a week; None where weeks differ."""
        if len(self.months) < 12 or self.zoned:
            return None
        if len(self.days) == 31:
            weekdays: Iterable[int] = self.weekdays if self.any_day else range(7)
        elif self.any_day or len(self.weekdays) < 7:
            return None
        else:
            weekdays = range(7)
        of_day = sum(1 << (hour * 60 + minute) for hour in self.hours for minute in self.minutes)
        return sum(of_day << (day * 24 * 60) for day in weekdays)


def parse_schedule(text: str) -> Schedule:
    """Raises `BadSchedule`."""
    zoned = text.startswith(("TZ=", "CRON_TZ="))
    fields = text.partition(" ")[2].split() if zoned else text.split()
    if zoned and not is_zone(zone := text.partition(" ")[0].partition("=")[2]):
        raise BadSchedule(f"there is no time zone `{zone}`")
    if text.startswith("@"):
        raise BadSchedule("descriptors such as `@daily` are not taken")
    if len(fields) != len(_BOUNDS):
        raise BadSchedule(f"it has {len(fields)} fields and not five")
    minutes, hours, days, months, weekdays = (_values(at, field) for at, field in enumerate(fields))
    any_day = days[1] or weekdays[1]
    return Schedule(minutes[0], hours[0], days[0], months[0], weekdays[0], any_day, zoned)


def _values(at: int, field: str) -> tuple[frozenset[int], bool]:
    """The values of a field, and whether it counts as a star."""
    found: set[int] = set()
    star = False
    for part in filter(None, field.split(",")):
        low, high, step, starred = _range(at, part)
        found.update(range(low, high + 1, step))
        star = star or starred
    return frozenset(found), star


def _range(at: int, part: str) -> tuple[int, int, int, bool]:
    least, most = _BOUNDS[at]
    span, *steps = part.split("/")
    ends = span.split("-")
    starred = ends[0] in ("*", "?")
    if len(steps) > 1 or (len(ends) > 2 and not starred):
        raise BadSchedule(f"`{part}` is no range")
    low, high = (least, most) if starred else (_number(at, ends[0]), _number(at, ends[-1]))
    step = 1
    if steps:
        step = _number(-1, steps[0])
        high = most if len(ends) == 1 else high
        if step == 0:
            raise BadSchedule(f"the step of `{part}` is 0")
    if low < least or high > most:
        sunday = "; Sunday is 0" if (at, most) == (4, 6) and 7 in (low, high) else ""
        raise BadSchedule(f"the {_FIELDS[at]} of `{part}` is not from {least} to {most}{sunday}")
    if low > high:
        raise BadSchedule(f"`{part}` ends before it begins")
    return low, high, step, starred and step == 1


def _number(at: int, text: str) -> int:
    named = _NAMES.get(at, {}).get(text.lower())
    if named is not None:
        return named
    if not _DIGITS.fullmatch(text) or int(text) < 0:
        raise BadSchedule(f"`{text}` is no number that it takes")
    return int(text)


def parse_duration(text: str) -> Fraction | None:
    """Seconds; None for what Go does not read, such as `1d`."""
    if len(text) > _MOST_CHARACTERS or not _DURATION.fullmatch(text):
        return None
    seconds = sum(
        (Fraction(number.rstrip(".") or "0") * _UNITS[unit] for number, unit in _PART.findall(text)), Fraction()
    )
    return -seconds if text.startswith("-") else seconds


@dataclass(frozen=True, slots=True)
class Window:
    """One window as written, the `index`th of its project."""

    index: int
    kind: str
    schedule: str
    duration: str
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    zone: str = ""
    manual: bool = False
    all_of: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether Argo CD reads its schedule and duration, without which it syncs nothing that the window is for."""
        try:
            parse_schedule(self.schedule)
        except BadSchedule:
            return False
        return parse_duration(self.duration) is not None

    def matches(self, name: str, destination: Destination) -> bool:
        """Whether it is for an Application. Clusters are compared with what the Application writes."""
        given = [
            (self.applications, [name]),
            (self.clusters, [each for each in (destination.name, destination.server) if each]),
            (self.namespaces, [destination.namespace]),
        ]
        fits = [
            any(pattern == "*" or glob_matches(pattern, value) for pattern in patterns for value in values)
            for patterns, values in given
            if patterns
        ]
        return bool(fits) and (all(fits) if self.all_of else any(fits))

    def open(self, *, at_least: bool) -> int | None:
        """The minutes of a week at which it is open, whole or (`at_least`) in part; None where that is not known."""
        schedule, duration = parse_schedule(self.schedule), parse_duration(self.duration) or Fraction()
        if not schedule.happens:
            return ALWAYS
        if duration <= 0:
            return 0
        begins = schedule.week
        length = -(-duration // 60) if at_least else duration // 60
        return None if begins is None else _spread(begins, min(int(length), WEEK))


def _spread(begins: int, length: int) -> int:
    """Each minute and those after it, `length` in all, around the week."""
    if length == 0:
        return 0
    reach, found = 1, begins
    while reach < length:
        step = min(reach, length - reach)
        found |= (found << step) & ALWAYS | found >> (WEEK - step)
        reach += step
    return found


def read_windows(manifest: Mapping[str, Any]) -> tuple[Window, ...]:
    """The windows of an AppProject. Ill-typed fields count as absent."""
    entries = sequence(mapping(manifest.get("spec")).get("syncWindows"))
    return tuple(_window(index, mapping(entry)) for index, entry in enumerate(entries) if entry is not None)


def _window(index: int, entry: Mapping[str, Any]) -> Window:
    kind, schedule, duration, zone = (text_of(entry.get(key)) for key in ("kind", "schedule", "duration", "timeZone"))
    applications, namespaces, clusters = (
        tuple(text_of(item) for item in sequence(entry.get(key)))
        for key in ("applications", "namespaces", "clusters")
    )
    manual, all_of = entry.get("manualSync") is True, entry.get("andOperator") is True
    return Window(index, kind, schedule, duration, applications, namespaces, clusters, zone, manual, all_of)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether there is a moment of the week at which windows let a sync begin by itself, or by hand."""

    by_itself: bool
    by_hand: bool


def allowed_by(windows: Sequence[Window]) -> Allowed | None:
    """What valid windows that are for one Application come to; None where weeks differ, or nobody can tell how their
    time zones lie to each other."""
    denies = [each for each in windows if each.kind == "deny"]
    allows = [each for each in windows if each.kind == "allow"]
    shut = [each.open(at_least=False) for each in denies]
    open_ = [each.open(at_least=True) for each in allows]
    partly = {
        each.zone if each.zone and is_zone(each.zone) else "UTC"
        for each, when in zip((*denies, *allows), (*shut, *open_), strict=True)
        if when not in (0, ALWAYS)
    }
    if None in shut or None in open_ or len(partly) > 1:
        return None
    known = [when or 0 for when in shut]
    denied, permitted = _union(known), _union(when or 0 for when in open_)
    free = (permitted if allows else ALWAYS) & ~denied
    strict = _union(when for each, when in zip(denies, known, strict=True) if not each.manual)
    # By hand an open deny asks all denies that are open, and a closed allow all allows that are closed.
    manually = ALWAYS & ~strict & denied
    if not all(each.manual for each in allows):
        manually |= permitted & ~denied
    else:
        manually |= ALWAYS & ~denied
    return Allowed(bool(free), bool(manually | free))


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
