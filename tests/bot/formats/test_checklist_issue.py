"""The text of the checklist's issue: boxes are found again, nothing acts, and it always fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.doctor.issue import (
    MARK,
    MOST_BYTES,
    Shown,
    again_key,
    body_of,
    box,
    boxes_of,
    closed_body,
    fix_key,
    subject_of,
    ticked_in,
)
from bot.rendering.driver import Engine
from checks.judgement.checklist import checklist_of
from checks.model import Severity, Topic
from checks.policy.dashboard import ITEMS
from checks.policy.file import Policy
from gitops.files.spans import Span
from tests.scenarios import application, config_map, evaluated

NAMES = st.text(min_size=1, max_size=30)


@given(NAMES, st.booleans())
@settings(max_examples=50)
def test_a_box_is_found_again_by_its_key(name: str, ticked: bool) -> None:
    for key in (fix_key(name), again_key(name)):
        body = f"{MARK}\n{box(key)} text\nmore"
        body = body.replace("[ ]", "[x]") if ticked else body
        assert boxes_of(body) == {key: ticked} == boxes_of(body.replace("\n", "\r\n"))
        assert subject_of(key) == name


def test_only_what_was_not_ticked_before_is_a_request() -> None:
    one, two = box("fix:a"), box("rescan")
    both = f"{one} A\n{two} B\n"
    assert ticked_in(both.replace("[ ]", "[x]"), both.replace(one, one.replace(" ]", "x]"))) == ["rescan"]
    assert ticked_in(both) == []
    assert boxes_of("- [x] <!-- other:thing --> no box of ours\n> - [x] <!-- rescan -->") == {}


@pytest.mark.parametrize("count", [0, 3, 4000])
async def test_it_fits_whatever_is_found_and_nothing_in_it_acts(engine: Engine, count: int) -> None:
    evaluation = await evaluated(
        engine, {"apps.yaml": application("a", "a", sync={"syncOptions": ["X=1"]}), "a/m.yaml": config_map("m")}
    )
    [finding] = evaluation.findings
    hostile = "@all fixes #1 `<!-- fix:x --> " + "é" * 200
    many = tuple(
        replace(
            finding,
            severity=Severity.ERROR,
            span=Span(f"{hostile}/{number}.yaml", number + 1, number + 1),
            topic=Topic(str(number), hostile, hostile),
            identity=(str(number),),
        )
        for number in range(count)
    )
    evaluation = replace(evaluation, findings=many)
    entries = checklist_of(evaluation, Policy(not_wanted=dict.fromkeys(ITEMS[-2:], hostile)))
    answers = {f"again:branch{number}": "opened. " * 20 for number in range(count // 10)}
    shown = Shown(evaluation, entries, "main", "c" * 40, {}, {}, {}, answers)
    body = body_of(shown, lambda span: "https://example.com/x")
    assert body.startswith(f"{MARK}\n") and len(body.encode()) <= MOST_BYTES
    assert list(boxes_of(body)) == ["rescan"]  # the footer is always there
    assert "@all" not in body and "<!-- fix:x" not in body
    assert (f"{count} errors" if count else "0 errors") in body
    assert ("left out for want of room" in body) is (count > 1000)
    assert len(closed_body(body, hostile)) < 65_536
