"""Titles of check runs, by conclusion: people read them beside a red cross, a grey square or a green tick."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.github import check_run, gate
from bot.formats.github.gate import Judged
from bot.github.endpoints.checks import Report
from checks.judgement.evaluation import Evaluation
from checks.model import CheckReport, Finding, Severity, Topic
from checks.policy.file import Policy
from checks.registry import rules
from gitops.applications.application import Application, Destination, Origin, SyncPolicy
from gitops.discovery.snapshot import Snapshot, State
from gitops.files.spans import Span
from tests.bot.formats.test_check_run import UNKNOWN
from tests.scenarios import tree

AT = Span("a.yaml", 1, 1)
HERE = Destination("in-cluster", "", "a")
STATE = State(Application("a", "argocd", "default", (), HERE, 0, SyncPolicy(), Origin(AT)), ())
PARTLY = "in what could be analysed"
PROBLEM = "Secret `db` is provided by nothing in git"


def finding(severity: Severity, introduced: bool | None, ignored: bool, number: int) -> Finding:
    topic = Topic(f"{number}", PROBLEM, "It is wrong.")
    suppressed = "known" if ignored else None
    at = Span("a.yaml", number + 1, number + 1)
    identity = ("rule", str(number))
    return Finding("rule", severity, at, "m", topic, identity, introduced=introduced, suppressed=suppressed)


def reports(found: list[Finding], gaps: bool, name: str = "argofix / test") -> tuple[Report, Report]:
    """One check run of these findings, and the sum."""
    report = CheckReport(name, tuple(found), ("a chart",) if gaps else (), {"applications": 2, "rendered": 1})
    snapshot = Snapshot(tree({}), (STATE,), (UNKNOWN,) if gaps else ())
    evaluation = Evaluation(snapshot, None, tuple(found), (report,), ())
    judged = Judged("#1 into `main`", evaluation, Policy(), str)
    own = judged.report(name)
    return own, gate.summed([judged], {name: own}, {})


@pytest.mark.parametrize("check", sorted({rule.check_name for rule in rules()}))
@pytest.mark.parametrize(
    ("severity", "introduced", "ignored", "gaps", "conclusion", "title"),
    [
        (Severity.ERROR, True, False, False, "failure", "Secret db is provided by nothing in git"),
        (Severity.ERROR, None, False, True, "failure", "Secret db is provided by nothing in git"),
        (Severity.ERROR, False, False, False, "success", "Nothing new; 1 problem known before"),
        (Severity.ERROR, True, True, False, "success", "Nothing wrong; 1 ignored"),
        (Severity.WARNING, True, False, False, "success", "No new error; 1 warning"),
        (Severity.WARNING, None, False, False, "success", "No error; 1 warning"),
        (Severity.NOTICE, True, False, False, "success", "No new error; 1 notice"),
        (Severity.WARNING, True, False, True, "neutral", "No new error in what could be analysed; 1 warning"),
        (Severity.WARNING, False, False, True, "neutral", f"Nothing new {PARTLY}; 1 problem known before"),
        (Severity.NOTICE, True, True, True, "neutral", "Nothing wrong in what could be analysed; 1 ignored"),
        (None, True, False, False, "success", "All is well"),
        (None, True, False, True, "neutral", "Nothing wrong in what could be analysed"),
    ],
)  # fmt: skip
def test_each_conclusion_has_a_title_of_its_own(
    check: str,
    severity: Severity | None,
    introduced: bool | None,
    ignored: bool,
    gaps: bool,
    conclusion: str,
    title: str,
) -> None:
    found = [finding(severity, introduced, ignored, 0)] if severity is not None else []
    own, total = reports(found, gaps, check)
    assert (own.conclusion, own.title) == (conclusion, title)
    assert total.title.endswith(title)
    assert total.conclusion == ("failure" if conclusion == "failure" else "success")


FINDINGS = st.builds(
    finding, st.sampled_from(Severity), st.sampled_from([True, False]), st.booleans(), st.integers(0, 50)
)


@given(st.lists(FINDINGS, max_size=6, unique_by=lambda f: f.identity), st.booleans())
def test_a_problem_is_named_exactly_where_the_check_fails(found: list[Finding], gaps: bool) -> None:
    active = [f for f in found if f.suppressed is None]
    for report in reports(found, gaps):
        assert (PROBLEM.replace("`", "") in report.title) == (report.conclusion == "failure")
        assert (report.title == "All is well") == (not found and not gaps)
        if report.conclusion == "failure":
            continue
        new = [f for f in active if f.introduced]
        known = re.search(r"(\d+) problems? known before", report.title)
        assert (int(known[1]) if known else 0) == len(active) - len(new)
        counted = {word: int(n) for n, word in re.findall(r"(\d+) (warning|notice)", report.title)}
        assert sum(counted.values()) == len(new)
        assert all(f.severity is not Severity.ERROR for f in new)


@pytest.mark.parametrize("report", [check_run.in_progress(), check_run.queued()])
def test_what_has_no_conclusion_yet_says_that_work_goes_on(report: Report) -> None:
    assert report.conclusion is None
    assert report.title in ("Looking at what this change renders", "Waiting for its turn")


def test_a_check_in_which_nothing_rendered_does_not_praise() -> None:
    report = CheckReport("argofix / test", (), ("a chart",), {"applications": 2, "rendered": 0})
    evaluation = Evaluation(Snapshot(tree({}), ()), None, (), (report,), ())
    shown = check_run.completed(evaluation, report, Policy(), str)
    assert (shown.conclusion, shown.title) == ("neutral", "Nothing here could be analysed")
