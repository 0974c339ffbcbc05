"""What a check run shows, for inputs that no small repository gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.formats.github import check_run, gate
from bot.formats.github.changes import Shown, explaining
from bot.formats.github.changes import report as changes_report
from bot.formats.github.gate import Judged
from bot.github.endpoints.checks import TEXT_BYTES, Report
from checks.changes.firewall import firewall_of
from checks.judgement.evaluation import Evaluation
from checks.model import CheckReport, Finding, Related, Severity, Topic
from checks.policy.file import Policy, PolicyProblem, parse_policy
from gitops.discovery.snapshot import Snapshot, Unknown
from gitops.files.spans import Span
from tests.checks.changes.stage import changes
from tests.gitops.facts.changes.stage import deployment, one_app
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


@pytest.mark.parametrize("count", [1, 51, 100, 500, 501, 531, 532, 700])
def test_what_has_no_annotation_is_told_and_counted(count: int) -> None:
    """Nobody takes the lines that are annotated for all there is."""
    report = shown([finding(number) for number in range(count)])
    beyond = max(0, count - 500)
    assert (len(report.annotations), report.beyond, report.conclusion) == (count - beyond, beyond, "failure")
    assert len(report.summary.encode()) < TEXT_BYTES
    head = (
        f"<summary>{beyond} more problem{'s' * (beyond > 1)} without an annotation: a check run shows 500</summary>"
    )
    assert (head in report.summary) == (beyond > 0)
    told = report.summary.partition(head)[2] if beyond else ""
    annotated = {annotation.title for annotation in report.annotations}
    named = set(re.findall(r"Problem \d+", told))
    counted = max(0, beyond - 30)
    assert annotated.isdisjoint(named) and len(annotated) + len(named) + counted == count
    assert (f"… and {counted} more; `argofix check` shows them" in told) == (counted > 0)
    assert ("see the annotations" in report.summary) == ("left out here" in report.summary and not beyond)


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


def unfolded(report: Report) -> list[str]:
    """The lines that are read before anything is unfolded."""
    lines: list[str] = []
    depth = 0
    for line in report.summary.splitlines():
        depth += line.count("<details>")
        if line.strip() and (depth == 0 or (depth == 1 and "<summary>" in line)):
            lines.append(line)
        depth -= line.count("</details>")
    return lines


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 50])
def test_ten_lines_say_what_is_wrong_where_and_what_to_do(count: int) -> None:
    findings = [finding(number, message="It is wrong. " * 40) for number in range(count)]
    report = shown(findings, gaps=tuple(f"gap {number}" for number in range(60)))
    lines = unfolded(report)
    assert len(lines) <= 11  # with the note that `shown` puts first
    text = "\n".join(lines)
    told = re.findall(r"\[`apps/(\d+)\.yaml:\d+`\]\(\S+\)(?:: Problem (\d+)\. Mend it\.)?", text)
    assert len(told) == min(count, 6) and all(problem in (number, "") for number, problem in told)
    assert text.count("Mend it.") == min(count, 6)
    assert count <= 6 or f"… and {count - 6} more" in text
    for number in range(count):  # and nothing is lost
        assert f"### Problem {number}\n" in report.summary


def test_places_fold_after_three() -> None:
    many = tuple(Related(Span(f"r{number}.yaml", 1, 1), "here") for number in range(1, 8))
    report = shown([replace(finding(0), related=many)])
    text = "\n".join(unfolded(report))
    assert "r3.yaml:1" in text and "r4.yaml:1" not in text and "4 more places" in text
    assert "r7.yaml:1" in report.summary


def test_new_findings_lead_to_what_merging_changes_there() -> None:
    found = changes(one_app(deployment(replicas=1)), one_app(deployment(replicas=2)))
    told = Shown(found, firewall_of(found, Policy()), str, page="https://x/page")
    new = replace(finding(0), applications=("a", "b"))
    assert explaining(told, [new]) == (
        "What merging changes in `a` stands in `argofix / changes`, and [on its page](https://x/page)."
    )
    assert explaining(told, [replace(new, introduced=False)]) == ""
    assert explaining(told, [replace(new, applications=("b",))]) == ""


def test_what_cannot_be_judged_is_held_with_the_ways_out() -> None:
    source = {"repoURL": "https://charts.example.com", "chart": "postgresql"}
    before, after = (one_app(source={**source, "targetRevision": version}) for version in ("15.0.0", "16.0.0"))
    found = changes(before, after)
    told = changes_report(Shown(found, firewall_of(found, Policy()), str))
    assert told.conclusion == "failure" and told.title == "1 deletion that somebody has to allow"
    assert "*Re-run* judges it anew" in told.summary and "`gate: {not-analysed: pass}`" in told.summary
    passing = firewall_of(found, parse_policy(b"gate: {not-analysed: pass}"))
    assert changes_report(Shown(found, passing, str)).conclusion == "success"


def test_the_gate_names_the_places_of_what_failed() -> None:
    findings = [finding(number) for number in range(5)]
    evaluation = Evaluation(Snapshot(tree({}), (), (UNKNOWN,)), None, tuple(findings), (), ())
    judged = Judged("#1 into `main`", evaluation, Policy(), lambda span: f"https://x/{span.path}")
    report = gate.summed([judged], {"argofix / quiet": shown([]), "argofix / test": shown(findings)}, {})
    lines = [line for line in report.summary.splitlines() if line.strip()]
    assert lines[:6] == [
        "- argofix / test: **failure**. Problem 0, and 4 more",
        "  - [`apps/0.yaml:1`](https://x/apps/0.yaml): Problem 0",
        "  - [`apps/1.yaml:2`](https://x/apps/1.yaml): Problem 1",
        "  - [`apps/2.yaml:3`](https://x/apps/2.yaml): Problem 2",
        "  - … and 2 more",
        "- argofix / quiet: **success**. All is well",
    ]


UNKNOWN = Unknown("set", "argocd", "it needs the clusters", Span("s.yaml", 1, 1), root="r")
