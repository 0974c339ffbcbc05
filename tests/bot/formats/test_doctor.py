"""What `argofix doctor` prints: the same list in the same words, wherever it is read."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from packaging.version import Version

from bot.formats.doctor import html as page
from bot.formats.doctor import json as data
from bot.formats.doctor import text
from bot.formats.doctor.issue import body_of
from bot.formats.doctor.shown import Shown
from bot.formats.doctor.words import WORDS, asks, sources
from checks.judgement.checklist import State, checklist_of
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path, paths_of
from checks.model import Finding, Severity, Topic
from checks.planning.bumps.choose import Release
from checks.policy.file import Policy
from gitops.files.spans import Span
from gitops.installation.releases import releases
from tests.checks.argocd.stage import ANALYSIS, workload
from tests.checks.judgement.test_checklist import WHOLE
from tests.checks.planning.additions.stage import directory
from tests.scenarios import application, discovered, documents, manifest, tree

NOW = datetime(2027, 1, 1, tzinfo=UTC)
POLICY_CSV = manifest(
    "ConfigMap", "argocd-rbac-cm", "argocd", data={"policy.csv": "p, role:dev, applications, get, */*, allow\n"}
)


def evaluated(*manifests: str, chart: bool = False) -> Evaluation:
    apps = application("argocd", "argocd", namespace="argocd")
    if chart:  # that nobody fetched
        apps = documents(apps, application("x", "", source={"repoURL": "https://c.example", "chart": "x"}))
    return Evaluation(discovered(tree(directory(*manifests, apps=apps)), ANALYSIS), None, (), (), ())


def published(*versions: str, draft: str = "") -> list[Release]:
    return [Release(Version(one), f"v{one}", NOW - timedelta(days=9), draft=one == draft) for one in versions]


def way(version: str, *versions: str, draft: str = "", policy: Policy | None = None) -> Path:
    evaluation = evaluated(workload("argocd-server", version=version), POLICY_CSV)
    offered = published(*versions, draft=draft) if versions else None
    [path] = paths_of(evaluation, policy or Policy(), offered, NOW)
    return path


def test_every_minor_version_to_the_newest_is_on_the_way_with_what_it_asks_for() -> None:
    path = way("v2.13.1")
    known = [version for version in releases().versions if version.release[:2] >= (2, 13)]
    assert [leg.version for leg in path.way] == known
    told = {str(leg.version): asks(leg, path) for leg in path.way}
    assert told[str(known[0])] == "the newest patch of what runs"
    three = next(leg for leg in path.way if leg.version.release[:2] == (3, 0))
    assert [note.rule for note in three.notes or ()] == ["argocd-upgrade-note"]
    assert asks(three, path) == "1 note of its upgrade guide is about what was looked at"
    assert {text for leg, text in zip(path.way, told.values(), strict=True) if leg.version.release[:2] > (3, 0)} == {
        "no note of its upgrade guide is about what was looked at"
    }


def test_of_what_is_published_it_takes_the_newest_patches_and_tells_what_it_does_not_know() -> None:
    path = way("v2.14.20", "2.14.20", "2.14.21", "3.0.1", "3.0.23", "3.1.0rc1", "9.9.0", "9.9.1", draft="9.9.1")
    assert [str(leg.version) for leg in path.way] == ["2.14.21", "3.0.23", "9.9.0"]
    assert asks(path.way[-1], path) == "argofix does not know its upgrade guide"
    # A guide that nobody knows the beginning of is not known either.
    old = way("v2.4.0", "2.5.0", "3.0.0")
    assert [leg.notes for leg in old.way] == [None, None]


@pytest.mark.parametrize("chart", [False, True])
def test_all_formats_have_the_same_items_in_the_same_words(chart: bool) -> None:
    policy = Policy(not_wanted={"staging": "there is one cluster"})
    evaluation = evaluated(*WHOLE, POLICY_CSV, chart=chart)
    entries = checklist_of(evaluation, policy)
    paths = paths_of(evaluation, policy, None, NOW)
    told = sources(published=False, why="--offline asks nobody")
    terminal = text.render(evaluation, entries, paths, told, colour=False, width=80)
    printed = " ".join(terminal.split())
    shown = re.sub(r"<[^>]+>", "", html.unescape(page.render(evaluation, entries, None, paths, told)))
    issue = body_of(Shown(evaluation, entries, "main", "c" * 40, {}, {}, {}, paths), lambda span: "https://e.example")
    items = json.loads(data.render(evaluation, entries, None, paths, told))["items"]
    for entry, item in zip(entries, items, strict=True):
        word = WORDS[entry.state]
        assert (item["title"], item["word"]) == (entry.title, word)
        assert f"{entry.title} [{entry.key}]" in printed and f"{word} (" in printed
        assert f"{word}{entry.title}" in shown
        assert f"**{word}**: " in issue and entry.title in issue
        assert not entry.why or entry.why in printed.replace(f" {word} (", "")
    for leg in paths[0].way:
        line = f"v{leg.version}: {asks(leg, paths[0])}"
        assert line in printed and line in shown
    assert told in printed and told in " ".join(shown.split())
    assert (State.UNSEEN in {entry.state for entry in entries}) is chart
    assert ("Not analysed" in printed) is ("Not analysed" in shown) is chart
    # What is wider cannot be broken.
    wide = [line.strip() for line in terminal.splitlines() if len(line) > 80]
    assert all(line.startswith(("kubectl ", "argofix ")) or " " not in line for line in wide), wide


def noticed(rule: str, *lines: tuple[str, int], severity: Severity = Severity.NOTICE) -> list[Finding]:
    topic = Topic(rule, f"{rule} is told", "")
    return [
        Finding(rule, severity, Span(path, line, line), "m", topic, (rule, path, str(line))) for path, line in lines
    ]


@pytest.mark.parametrize(
    ("manifests", "key", "state"),
    [
        (WHOLE, "starts", State.DONE),
        ((workload("argocd-server"),), "probes", State.ABSENT),
        ((workload("argocd-server"),), "scheduling", State.UNKNOWN),
        ((POLICY_CSV,), "starts", State.UNKNOWN),
        (WHOLE, "components", State.OPEN),
    ],
)
def test_notices_are_counted_with_their_places_and_decide_nothing(
    manifests: tuple[str, ...], key: str, state: State
) -> None:
    """The first place of each file, then of each rule; as many as anybody reads."""
    one, other = {
        "starts": ("argocd-param-without-effect", "argocd-unknown-flag"),
        "probes": ("blackbox-target", "alert-cannot-fire"),
        "scheduling": ("anti-affinity-unschedulable", "requests-over-capacity"),
        "components": ("argocd-wrong-port", "argocd-component-missing"),
    }[key]
    found = [*noticed(one, ("a.yaml", 3), ("a.yaml", 1), ("b.yaml", 9)), *noticed(other, ("a.yaml", 2))]
    found += noticed(one, ("c.yaml", 1), severity=Severity.WARNING) if state is State.OPEN else []
    before = evaluated(*manifests)
    evaluation = replace(before, findings=tuple(found))
    [entry] = [e for e in checklist_of(evaluation, Policy()) if e.key == key]
    assert entry.state is state
    mine = sorted({f.rule for f in entry.notices})
    assert mine == ([one] if key == "probes" else sorted([one, other]))
    rules = " and ".join(f"`{rule}`" for rule in mine)
    at = "a.yaml:1, b.yaml:9 and a.yaml:3" if len(mine) == 1 else "a.yaml:1, b.yaml:9, a.yaml:2 and 1 more"
    line = f"`argofix check --notices` shows {len(entry.notices)} notices of {rules}, at {at}."
    terminal = text.render(evaluation, [entry], colour=False, width=80)
    assert line in " ".join(terminal.split())
    assert line.replace("`", "") in re.sub(r"<[^>]+>", "", html.unescape(page.render(evaluation, [entry], None)))
    issue = body_of(Shown(evaluation, [entry], "main", "c" * 40, {}, {}, {}), lambda span: "https://e.example")
    assert line in re.sub(r"\[`([^`]+)`\]\(https://e.example\)", r"\1", issue)
    [item] = json.loads(data.render(evaluation, [entry], None))["items"]
    assert [(f["path"], f["line"]) for f in item["notices"]] == [(f.span.path, f.span.line) for f in entry.notices]
    unwanted = Policy(not_wanted={key: "by hand"})
    assert not any(e.notices for e in checklist_of(evaluation, unwanted) if e.key == key)
