"""What a check run shows, for inputs that no small repository gives."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.evaluation import Evaluation
from bot.formats import check_run
from bot.github.checks import TEXT_BYTES, Report
from checks.model import CheckReport, Finding, Severity, Topic
from checks.policy import Policy, PolicyProblem
from gitops.snapshot import Snapshot
from gitops.spans import Span
from tests.scenarios import tree


def finding(number: int, *, message: str = "It is wrong.", introduced: bool | None = True) -> Finding:
    topic = Topic(f"key {number}", f"Problem {number}", message, "Mend it.")
    span = Span(f"apps/{number}.yaml", 1 + number, 1 + number)
    return Finding("rule", Severity.ERROR, span, message, topic, ("rule", str(number)), introduced=introduced)


def shown(findings: Sequence[Finding], *, gaps: tuple[str, ...] = (), policy: Policy | None = None) -> Report:
    evaluation = Evaluation(Snapshot(tree({}), (), ()), None, tuple(findings), (), ())
    report = CheckReport("argofix / test", tuple(findings), gaps)
    return check_run.completed(
        evaluation, report, policy or Policy(), lambda span: f"https://x/{span.path}", ("Note.",)
    )


def test_a_summary_too_long_is_cut_between_sections_with_a_pointer() -> None:
    report = shown([finding(number, message=f"{number} " + "ü€😀 " * 2_000) for number in range(20)])
    summary = report.summary
    assert len(summary.encode()) < TEXT_BYTES
    assert summary.count("### ") in range(1, 20)
    left = 20 - summary.count("### ")
    assert f"**{left} more problems are left out here**: see the annotations" in summary
    assert "0 Applications:" in summary  # what stands last is there all the same
    assert len(report.annotations) == 20


def test_one_section_longer_than_the_room_there_is() -> None:
    summary = shown([finding(1, message="word " * 20_000)]).summary
    assert "**1 more problem is left out here**" in summary


def test_annotations_end_somewhere() -> None:
    report = shown([finding(number) for number in range(700)])
    assert len(report.annotations) == 500
    assert report.conclusion == "failure"


def test_the_same_explanation_is_given_once() -> None:
    report = shown([finding(1), finding(2), finding(3, message="Another one.")])
    assert report.summary.count("It is wrong.") == 1
    assert "Another one." in report.summary
    assert [a.message for a in report.annotations][:2] == ["It is wrong.\n\nMend it."] * 2  # each stands alone


@pytest.mark.parametrize(
    ("findings", "gaps", "title"),
    [
        ([], (), "All is well"),
        ([], ("gap",), "Nothing wrong in what could be analysed"),
        ([finding(1, introduced=False)], (), "Nothing new; 1 problem known before"),
        ([finding(1)], (), "Problem 1"),
        ([finding(1), finding(2)], (), "Problem 1, and 1 more"),
    ],
)
def test_titles(findings: list[Finding], gaps: tuple[str, ...], title: str) -> None:
    assert shown(findings, gaps=gaps).title == title


def test_mistakes_in_the_configuration_have_their_lines() -> None:
    policy = Policy(problems=(PolicyProblem(7, "unknown key `x`"),))
    assert "- line 7: unknown key `x`" in shown([], policy=policy).summary


def test_what_could_not_be_done_never_passes() -> None:
    report = check_run.could_not_run("the repository `<b>` has gone.")
    assert (report.conclusion, check_run.overtaken("x").conclusion) == ("failure", "cancelled")
    assert (
        report.summary
        == "argofix could not look at this change: the repository `<b>` has gone. *Re-run* tries again."
    )
