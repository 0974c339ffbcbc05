"""Which version is offered, from what is published and what the policy allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from checks.planning.bumps.choose import Release, choose, level_of
from checks.policy.bumps import Level, VersionPolicy, parse_window
from gitops.versions.components import ARGO_CD

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # a Wednesday


def release(tag: str, days: float = 30, *, draft: bool = False, withdrawn: bool = False) -> Release:
    published = NOW - timedelta(days=days)
    return Release(Version(tag.removeprefix("v")), tag, published, draft=draft, withdrawn=withdrawn)


def policy(**fields: object) -> VersionPolicy:
    return VersionPolicy(ARGO_CD, **{"level": Level.MAJOR, **fields})  # type: ignore[arg-type]


def offered(tags: str, current: str, of: VersionPolicy) -> dict[str, str]:
    found = choose([release(tag) for tag in tags.split()], Version(current), of, NOW)
    return {level.value: chosen.tag for level, chosen in found.items()}


ALL = "v2.14.20 v3.2.1 v3.2.2 v3.2.3 v3.2.10 v3.3.0 v3.3.4 v3.4.0 v4.0.0 v4.1.0 v3.5.0-rc1 v3.2.11-rc2"


@pytest.mark.parametrize(
    ("current", "fields", "expected"),
    [
        ("3.2.2", {}, {"patch": "v3.2.10", "minor": "v3.3.4"}),
        ("3.2.2", {"level": Level.PATCH}, {"patch": "v3.2.10"}),
        ("3.2.2", {"level": Level.MINOR}, {"patch": "v3.2.10", "minor": "v3.3.4"}),
        ("3.2.2", {"one_minor_at_a_time": False}, {"patch": "v3.2.10", "minor": "v3.4.0", "major": "v4.1.0"}),
        ("3.2.2", {"range": SpecifierSet("<3.3")}, {"patch": "v3.2.10"}),
        ("3.2.2", {"range": SpecifierSet(">=3.3,<3.3.4")}, {"minor": "v3.3.0"}),
        ("3.2.2", {"range": SpecifierSet("!=3.2.10")}, {"patch": "v3.2.3", "minor": "v3.3.4"}),
        # What the range leaves out is not skipped over.
        ("3.2.2", {"range": SpecifierSet(">=3.4")}, {}),
        ("3.3.4", {}, {"minor": "v3.4.0"}),
        ("3.4.0", {}, {"major": "v4.0.0"}),
        ("3.3.4", {"level": Level.PATCH}, {}),
        ("3.5.0rc1", {}, {"major": "v4.0.0"}),
        ("3.2.11", {}, {"minor": "v3.3.4"}),
        ("5.0.0", {}, {}),
        ("3.2.0rc1", {"level": Level.PATCH}, {"patch": "v3.2.10"}),
    ],
)
def test_levels_ranges_and_single_steps(current: str, fields: dict[str, object], expected: dict[str, str]) -> None:
    assert offered(ALL, current, policy(**fields)) == expected


def test_drafts_withdrawn_and_young_releases_are_left_out() -> None:
    of = policy(minimum_age=timedelta(days=3))
    available = [
        release("v3.2.3", days=3),
        release("v3.2.4", days=2.9),
        release("v3.2.5", draft=True),
        release("v3.2.6", withdrawn=True),
    ]
    assert choose(available, Version("3.2.2"), of, NOW)[Level.PATCH].tag == "v3.2.3"


VERSIONS = st.builds("v{}.{}.{}".format, *[st.integers(0, 4)] * 3)


@given(st.lists(VERSIONS, max_size=12), VERSIONS, st.sampled_from(Level), st.booleans())
def test_never_a_downgrade_and_never_more_than_allowed(tags: list[str], at: str, level: Level, one: bool) -> None:
    current = Version(at.removeprefix("v"))
    found = choose([release(tag) for tag in tags], current, policy(level=level, one_minor_at_a_time=one), NOW)
    between = {(v.major, v.minor) for tag in tags if (v := Version(tag.removeprefix("v"))) > current}
    for kind, chosen in found.items():
        assert chosen.version > current
        assert kind is level_of(current, chosen.version)
        assert kind.rank <= level.rank
        here = (chosen.version.major, chosen.version.minor)
        if one:
            assert not [m for m in between if (current.major, current.minor) < m < here]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("mon-fri 08:00-16:00", ["2026-11-25 08:00", "2026-11-25 15:59"], ["2026-11-25 07:59", "2026-11-25 16:00"]),
        ("mon-fri 08:00-16:00", ["2026-11-27 12:00"], ["2026-11-28 12:00", "2026-11-29 12:00"]),
        ("sat,sun 00:00-24:00", ["2026-11-28 00:00", "2026-11-29 23:59"], ["2026-11-30 00:00"]),
        ("fri-mon 10:00-11:00", ["2026-11-29 10:30", "2026-11-30 10:30"], ["2026-12-01 10:30"]),
        ("Tue 22:00-04:00", ["2026-11-24 23:00", "2026-11-25 03:59"], ["2026-11-25 04:00", "2026-11-25 22:30"]),
        ("sun 22:00-04:00", ["2026-11-30 01:00"], ["2026-11-29 01:00"]),
        ("09:00-17:00", ["2026-11-29 12:00"], ["2026-11-29 18:00"]),
    ],
)
def test_windows(text: str, inside: list[str], outside: list[str]) -> None:
    window = parse_window(text)
    assert window is not None
    of = policy(schedule=(window,))
    for moment, expected in [*((m, True) for m in inside), *((m, False) for m in outside)]:
        assert of.is_open(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is expected, moment


@pytest.mark.parametrize("text", ["", "mon", "mon 8-16", "mon 25:00-26:00", "mon 08:60-09:00", "day 08:00-09:00",
                                  "mon- 08:00-09:00", "24:00-01:00", "mon 08:00-09:00 UTC"])  # fmt: skip
def test_what_is_no_window(text: str) -> None:
    assert parse_window(text) is None


def test_without_a_schedule_it_is_always_open() -> None:
    assert policy().is_open(NOW)
