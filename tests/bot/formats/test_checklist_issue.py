"""The text of the checklist's issue: boxes are found again, nothing acts, and it always fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.formats.doctor.boxes import boxes_of
from bot.formats.doctor.issue import MARK, MOST_BYTES, body_of, closed_body
from bot.formats.doctor.shown import Shown
from bot.github.model import Branch, PullRequest
from bot.rendering.driver import Engine
from checks.judgement.checklist import checklist_of
from checks.model import Finding, Severity, Topic
from checks.planning.proof import Proof, Row
from checks.planning.repairs.plan import RepairPlan
from checks.policy.dashboard import ITEMS
from checks.policy.file import Policy
from gitops.files.spans import Applicability, Edit, Span
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


def finding(number: int, severity: Severity, commands: str = "") -> Finding:
    topic = Topic(f"t{number}", f"It is wrong {number}", "", "Bring it.", commands)
    return Finding("a-rule", severity, Span("a.yaml", number + 1, number + 1), "m", topic, (str(number),))


def plan(number: int, severity: Severity, caution: str = "") -> RepairPlan:
    edit = Edit(Span("a.yaml", 1, 1), "x\n")
    proof = Proof((Row("It holds", "1 resource", True),))
    return RepairPlan(
        edits=(edit,),
        proof=proof,
        key=f"k{number}",
        what=f"Mend {number}",
        findings=(finding(number, severity),),
        applicability=Applicability.UNSAFE,
        caution=caution,
    )


async def test_what_needs_a_person_comes_first_and_fixes_are_boxes_the_gravest_first(engine: Engine) -> None:
    evaluation = await evaluated(engine, {"apps.yaml": application("a", "a"), "a/m.yaml": config_map("m")})
    lacking = (finding(0, Severity.ERROR, "kubectl create secret generic s '--from-literal=k=<value>'"),)
    evaluation = replace(evaluation, findings=lacking)
    plans = {f"argofix/fix/k{n}": plan(n, Severity.WARNING) for n in range(24)}
    plans["argofix/fix/k24"] = plan(24, Severity.ERROR)
    plans["argofix/fix/k25"] = plan(25, Severity.ERROR, "Restart it then.")
    ours = Branch("argofix/fix/k25", "a" * 40, "o/r")
    pull = PullRequest(7, "open", False, False, "Mend 25", "", "", ours, ours, "argofix[bot]", True, None, None)
    shown = Shown(evaluation, (), "main", "c" * 40, plans, {"argofix/fix/k25": pull}, {})
    body = body_of(shown, lambda span: "https://example.com/x")
    assert body.splitlines()[1] == "1 error, 0 warnings on `main` at `ccccccc`; 25 fixes can be opened."
    needs, fixes, opened = (body.index(f"### {title}") for title in ("Needs you", "Can be fixed", "Open pull"))
    assert needs < fixes < opened
    assert "Bring it.\n  `kubectl create secret generic s '--from-literal=k=<value>'`\n" in body
    boxes = [key for key in boxes_of(body) if key.startswith("fix:")]
    assert boxes[:2] == ["fix:k24", "fix:k0"] and len(boxes) == 20
    assert "- and 5 more: `argofix check` lists them\n" in body
    assert "- #7 Mend 25 (**waits for you**: Restart it then.)\n" in body
