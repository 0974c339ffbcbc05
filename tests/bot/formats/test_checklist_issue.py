"""The text of the checklist's issue: boxes are found again, nothing acts, and it always fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.formats.doctor.boxes import boxes_of
from bot.formats.doctor.issue import MARK, MOST_BYTES, body_of, closed_body
from bot.formats.doctor.shown import Shown
from bot.rendering.driver import Engine
from checks.judgement.checklist import checklist_of
from checks.model import Severity, Topic
from checks.policy.dashboard import ITEMS
from checks.policy.file import Policy
from gitops.files.spans import Span
from tests.scenarios import application, config_map, evaluated


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
    shown = Shown(evaluation, entries, "main", "c" * 40, {}, {}, {}, answers=answers)
    body = body_of(shown, lambda span: "https://example.com/x")
    assert body.startswith(f"{MARK}\n") and len(body.encode()) <= MOST_BYTES
    assert list(boxes_of(body)) == ["rescan"]  # the footer is always there
    bare = body_of(replace(shown, boxes=False), lambda span: "https://example.com/x")
    assert not boxes_of(bare) and len(bare.encode()) <= MOST_BYTES and "there are no boxes to tick" in bare
    assert "@all" not in body and "<!-- fix:x" not in body
    assert (f"{count} errors" if count else "0 errors") in body
    assert ("left out for want of room" in body) is (count > 1000)
    assert len(closed_body(body, "`dashboard` of the configuration switches this off.")) < 65_536
