"""A report for each check run: with its own findings, what may hide more, and entries of `ignore` without effect."""

from __future__ import annotations

from checks.judgement.evaluation import evaluation_of
from checks.judgement.reports import reports_of
from checks.planning.ownership.plan import Planned
from checks.policy.file import Ignore, Policy
from checks.registry import rules
from gitops.applications.live import Live
from gitops.discovery.snapshot import Change
from gitops.files.spans import Span
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.checks.judgement.stage import commit, finding, rule, state

ONE = rule("one", lambda snapshot: (), "argofix / a")
OTHER = rule("other", lambda snapshot: (), "argofix / b")
RENDERS = rule("render-failed", lambda snapshot: (), "argofix / render")
BROKEN = RenderFailed("it is no YAML", Span("a/a.yaml", 1, 1))
CHART = NotAnalysed("it needs a chart")


def test_each_run_has_the_findings_of_its_rules_alone() -> None:
    found = [finding("other", "a"), finding("one", "b"), finding("other", "c")]
    reports = reports_of([OTHER, ONE], found, commit(), None, Policy())
    assert [(report.name, [f.applications[0] for f in report.findings]) for report in reports] == [
        ("argofix / a", ["argocd/b"]),
        ("argofix / b", ["argocd/a", "argocd/c"]),
    ]


def test_what_does_not_render_hides_from_every_check_but_the_one_whose_finding_it_is() -> None:
    snapshot = commit(state("broken", BROKEN), state("chart", CHART), state("fine", Rendered(())))
    one, renders = reports_of([ONE, RENDERS], [], snapshot, None, Policy())
    assert one.gaps == ("`broken` does not render", "`chart`: it needs a chart")
    assert renders.gaps == ("`chart`: it needs a chart",)
    assert one.counts == {"applications": 3, "rendered": 1, "failed": 1, "not-analysed": 1, "resources": 0}
    assert (one.conclusion, reports_of([ONE], [], commit(), None, Policy())[0].conclusion) == ("neutral", "success")


def test_a_cluster_that_could_not_be_asked_is_a_gap_of_what_needs_it() -> None:
    secrets = next(each for each in rules() if each.id == "secret-missing")
    live = Live(problems=("the cluster does not answer",))
    by_name = {report.name: report.gaps for report in reports_of([ONE, secrets], [], commit(), live, Policy())}
    assert by_name == {"argofix / a": (), secrets.check_name: ("the cluster does not answer",)}


def test_an_entry_that_hides_nothing_is_told_with_the_run_of_its_rule() -> None:
    used, idle, slip = (Ignore("one", "a", "", 1), Ignore("other", "b", "", 2), Ignore("no-such-rule", "*", "", 3))
    policy = Policy(ignore=(used, idle, slip))
    some = reports_of([ONE, OTHER], [finding("one", "a")], commit(), None, policy)
    assert [report.unused for report in some] == [(), (idle,)]  # who runs some rules only is not told of a slip
    everything = reports_of(rules(), [], commit(), None, policy)
    assert [report.unused for report in everything if report.unused] == [(used, idle, slip)]


def test_an_evaluation_is_in_the_order_of_places_and_counts_what_was_left_out() -> None:
    found = (finding("one", "b"), finding("other", "a"), finding("one", "a"))
    change = Change(None, commit(state("a", Rendered(()))))
    left_out = ["the time is up", "it is too large", "the time is up"]
    evaluation = evaluation_of(change, Planned(found, ()), [ONE, OTHER], Policy(), left_out)
    assert [(f.span.path, f.rule) for f in evaluation.findings] == [
        ("apps/a.yaml", "one"),
        ("apps/a.yaml", "other"),
        ("apps/b.yaml", "one"),
    ]
    assert evaluation.unfinished == (
        "2 renderings left out: the time is up",
        "1 rendering left out: it is too large",
    )
    assert evaluation.report("argofix / b").findings == (finding("other", "a"),)
    assert evaluation.lost == ()
