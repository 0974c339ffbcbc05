"""What could not be looked at is told, and what of it was looked at before the change."""

from __future__ import annotations

import pytest

from checks.judgement.gaps import gaps_by_subject, gaps_of, lost
from gitops.applicationsets.problems import Refusal
from gitops.discovery.snapshot import Snapshot, Unknown
from gitops.files.spans import Span
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from gitops.resources.resource import Resource, ResourceId
from tests.checks.judgement.stage import ROOT, commit, state

BRINGS = Rendered((Resource(ResourceId("", "ConfigMap", "shop", "x"), b"a: b"),))
CHART = NotAnalysed("it needs a chart")
BROKEN = RenderFailed("it is no YAML", Span("a/a.yaml", 1, 1))
SET = Unknown("many", "argocd", "its generator asks a cluster", Span("sets.yaml", 3, 3), ROOT)
FILE = Unknown("", "", "it is no YAML", Span("apps/new.yaml", 1, 1), ROOT, is_set=False)
REFUSED = Unknown("none", "argocd", "it has no generators", Span("sets.yaml", 3, 3), ROOT, refused=Refusal.SET)


def test_each_gap_says_whom_it_is_about() -> None:
    snapshot = commit(
        state("whole", BRINGS),
        state("chart", CHART),
        state("half", BRINGS, CHART),
        state("broken", BROKEN),
        unknown=[SET, FILE, REFUSED],
        truncated=True,
    )
    assert gaps_by_subject(snapshot) == (
        ("`chart`", "it needs a chart"),
        ("`half`, in part", "it needs a chart"),
        ("ApplicationSet `many` (sets.yaml:3)", "its generator asks a cluster"),
        ("apps/new.yaml:1", "it is no YAML"),
        ("", "there are more Applications than argofix looks at; the rest is left out"),
    )
    assert gaps_of(snapshot)[0] == "`chart`: it needs a chart"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (commit(state("a", BRINGS)), commit(state("a", CHART)), ["`a` could be analysed before: it needs a chart"]),
        (
            commit(state("a", BRINGS, BRINGS)),
            commit(state("a", BRINGS, CHART)),
            ["`a` could be analysed before: it needs a chart"],
        ),
        (commit(state("a", BRINGS, CHART)), commit(state("a", BRINGS, CHART)), []),
        (commit(state("a", CHART)), commit(state("a", CHART)), []),
        (commit(state("a", BROKEN)), commit(state("a", CHART)), []),  # it was judged by nothing before either
        (commit(state("a", BRINGS)), commit(state("a", BROKEN)), []),  # an error of its own
        (commit(state("a", BRINGS)), commit(), []),
        (commit(), commit(state("a", CHART)), []),
        (commit(state("a", BRINGS)), commit(state("a", BRINGS), unknown=[FILE]), []),
        (
            commit(state("a", BRINGS)),
            commit(unknown=[FILE, SET]),
            [
                "Applications came from it before: apps/new.yaml:1: it is no YAML",
                "Applications came from it before: ApplicationSet `many` (sets.yaml:3): its generator asks a cluster",
            ],
        ),
        (commit(state("a", BRINGS), unknown=[SET]), commit(unknown=[SET]), []),
        (commit(), commit(truncated=True), ["there are more Applications now than argofix looks at"]),
        (commit(truncated=True), commit(truncated=True), []),
    ],
)
def test_a_change_loses_what_it_could_be_judged_by_before(before: Snapshot, after: Snapshot, told: list[str]) -> None:
    assert list(lost(before, after)) == told
