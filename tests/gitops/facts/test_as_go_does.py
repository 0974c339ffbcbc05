"""Projects and sync windows, held against what Argo CD's own libraries answered.

`as_go_does.json` was written by a Go program with github.com/gobwas/glob 0.2.3, github.com/robfig/cron/v3 (the commit
that argo-cd v3.5 has) and time.ParseDuration: patterns, destinations and sources as isDestinationMatched and
IsSourcePermitted of app_project_types.go decide, windows as `active` of types.go does, at the 30th second of the
minutes `MINUTES` of the week that begins on Sunday, 1 March 2026 (UTC).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitops.applications.directory import glob_matches
from gitops.facts.projects import Place, Project, _url_matches
from gitops.facts.sync_windows import BadSchedule, Window, allowed_by, parse_duration, parse_schedule

TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "as_go_does.json").read_text("utf-8"))
MINUTES = [(place * 331 + 17) % (7 * 24 * 60) for place in range(48)]


def bits(answers: list[bool]) -> str:
    return "".join("01"[answer] for answer in answers)


@pytest.mark.parametrize(("pattern", "plain", "with_slash"), TABLE["globs"], ids=lambda each: f"<{each}>")
def test_a_pattern(pattern: str, plain: str, with_slash: str) -> None:
    assert bits([glob_matches(pattern, value) for value in TABLE["values"]]) == plain
    assert bits([_url_matches(pattern, value) for value in TABLE["values"]]) == with_slash


def test_destinations() -> None:
    for listed, (server, name, namespace), permitted in TABLE["destinations"]:
        project = Project((), (), None, (), tuple(tuple(each) for each in listed))
        kept = project.keeps_from(Place(server, name, namespace))
        assert (kept is None) is permitted, (listed, server, name, namespace)


def test_sources() -> None:
    for patterns, url, permitted in TABLE["sources"]:
        project = Project((), (), None, (), (), tuple(patterns))
        assert project.may_read(url) is permitted, (patterns, url)


def test_durations() -> None:
    for text, nanoseconds in TABLE["durations"]:
        seconds = parse_duration(text)
        assert (None if seconds is None else seconds * 10**9) == nanoseconds, text


def test_windows() -> None:
    for schedule, duration, bad, expected in TABLE["windows"]:
        window = Window(0, "deny", schedule, duration)
        assert window.is_valid is not bool(bad), (schedule, duration)
        if bad:
            with pytest.raises(BadSchedule):
                parse_schedule(schedule)
            continue
        least, most = window.open(at_least=False), window.open(at_least=True)
        if least is None or most is None:
            assert not parse_schedule(schedule).happens or parse_schedule(schedule).week is None
            continue
        for minute, answer in zip(MINUTES, expected, strict=True):
            assert least >> minute & 1 <= int(answer) <= most >> minute & 1, (schedule, duration, minute)


def test_what_windows_allow_together() -> None:
    night = Window(0, "allow", "0 22 * * *", "8h", ("*",))
    day = Window(1, "deny", "0 6 * * *", "16h", ("*",))
    for windows, by_itself, by_hand in (
        ([night], True, True),
        ([day], True, True),
        ([night, day], True, True),
        ([night, Window(2, "deny", "0 22 * * *", "8h")], False, False),
        ([night, Window(2, "deny", "0 22 * * *", "8h", manual=True)], False, True),
        ([Window(2, "allow", "0 22 * * *", "0s", manual=True)], False, True),
        ([Window(2, "deny", "* * * * *", "1h", manual=True), Window(3, "deny", "* * * * *", "1h")], False, False),
        ([Window(2, "Deny", "* * * * *", "1h")], True, True),
    ):
        allowed = allowed_by(windows)
        assert allowed is not None and (allowed.by_itself, allowed.by_hand) == (by_itself, by_hand), windows
    assert allowed_by([night, Window(2, "deny", "0 22 * * *", "8h", zone="Asia/Tokyo")]) is None
    assert allowed_by([Window(2, "deny", "0 0 1 * *", "1h")]) is None
