"""What a proof says of the Applications that it is not about: words and numbers agree, whatever could be seen."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.formats.github.fix_pull_request import body, commit_message
from bot.rendering.driver import Engine
from checks.coverage import Coverage
from checks.ownership.conflicts import Partitions
from checks.planning.ownership.proof import Expectation, prove
from checks.planning.proof import Proof
from checks.policy.file import Policy
from gitops.discovery.snapshot import OwnedId
from gitops.files.spans import Edit, Span
from gitops.resources.resource import ResourceId
from tests.scenarios import MATCHER, URL, application, config_map, documents, evaluated, kustomization

SETTINGS = OwnedId("in-cluster", ResourceId("", "ConfigMap", "shop", "settings"))
MINE, OTHERS = (".", "argocd", "a"), (".", "argocd", "b")
CHART = {"chart": "redis", "repoURL": "https://charts.example", "targetRevision": "1.0.0"}
KINDS = ("compared", "failed", "not analysed", "in part", "along")
SEEN = {"failed": "not? render", "not analysed": "not analysed", "in part": "analysed in part"}


def others(kinds: list[str]) -> dict[str, bytes | str]:
    """Applications `a` and `b` that share a ConfigMap, and one more of each kind."""
    shared = documents(config_map("settings"), config_map("own"))
    files: dict[str, bytes | str] = {"a/m.yaml": config_map("settings"), "b/m.yaml": shared}
    declared = [application("a", "a"), application("b", "b")]
    for number, kind in enumerate(kinds):
        name = f"o{number}"
        files[f"{name}/m.yaml"] = config_map(name)
        if kind == "failed":
            files[f"{name}/kustomization.yaml"] = kustomization("nowhere.yaml")
        here = {"repoURL": URL, "path": "b" if kind == "along" else name}
        match kind:
            case "not analysed":
                declared.append(application(name, "", source=CHART))
            case "in part":
                declared.append(application(name, "", source=None, sources=[here, CHART]))
            case _:
                declared.append(application(name, here["path"]))
    return {**files, "apps.yaml": documents(*declared)}


async def proven(engine: Engine, kinds: list[str]) -> Proof:
    snapshot = (await evaluated(engine, others(kinds))).snapshot
    # The first of the two documents.
    end = len(config_map("settings").splitlines()) + 1
    edit = Edit(Span("b/m.yaml", 1, end), "")
    expected = Expectation(MINE, OTHERS, frozenset({SETTINGS}))
    together = Partitions(snapshot, Policy()).of
    return await engine.drive(prove(snapshot, engine.analysis(MATCHER, None), [edit], expected, together), None)


def number_of(pattern: str, text: str) -> int:
    return sum(int(found) for found in re.findall(rf"(\d+) (?:that )?(?:was|were|does|do) {pattern}", text))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(KINDS), max_size=6))
async def test_words_and_numbers_agree(engine: Engine, kinds: list[str]) -> None:
    proof = await proven(engine, kinds)
    count = Counter(kinds)
    assert proof.holds, proof.failure
    rows = [row for row in proof.rows if "ther Application" in row.statement]
    assert len(rows) == bool(count["compared"] + count["along"])  # a row that looked at nothing is none
    for row in rows:
        # "No other" only where nobody changes, and of all only where all were compared.
        assert row.statement.startswith("No other") == (not count["along"])
        blind = sum(count[kind] for kind in SEEN)
        assert ("of those that were compared" in row.statement) == bool(blind)
        again = re.match(r"(\d+)(?: of (\d+))? compared, byte", row.detail)
        assert (int(again[1]) if again else 0) == count["compared"]
        assert again is None or int(again[2] or again[1]) == len(kinds)
        for kind, pattern in SEEN.items():
            assert number_of(pattern, row.detail) == count[kind]
    told = proof.coverage.sentence("before and after")
    whole = 2 + count["compared"] + count["along"]
    assert told.startswith("All ") == (whole == len(kinds) + 2)
    assert f"{whole} " in told and f"{len(kinds) + 2} Applications" in told
    for kind, pattern in SEEN.items():
        assert number_of(pattern, told) == count[kind]


async def test_each_kind_is_told_in_the_pull_request(engine: Engine) -> None:
    files = others(["compared", "failed", "failed", "not analysed"])
    for path in ("a", "b"):
        files[f"{path}/kustomization.yaml"] = kustomization("settings.yaml", "own.yaml")
        files[f"{path}/settings.yaml"], files[f"{path}/own.yaml"] = config_map("settings"), config_map(f"{path}-own")
    evaluation = await evaluated(engine, files)
    (plan,) = evaluation.plans
    said = "3 of 6 Applications were rendered before and after this change; 2 do not render; 1 was not analysed."
    shown = body(evaluation, plan, plan.key, "c" * 40)
    assert f"### Proof\n\n{said}\n\n" in shown
    assert "1 of 4 compared, byte for byte the same; not compared: 2 that do not render and 1 that was not " in shown
    assert commit_message(plan).endswith(f"\n{said}\n")
    assert not re.search(r"\b(every|all) Applications?\b", shown, re.IGNORECASE)


async def test_what_may_hold_more_applications_is_counted_too(engine: Engine) -> None:
    """Nobody knows what it makes, so nobody can say that no Application comes or goes."""
    cluster_set = documents(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: everywhere, namespace: argocd}\n"
        "spec:\n  generators: [{scmProvider: {github: {organization: acme}}}]\n  template:\n"
        "    metadata: {name: 'x-{{repository}}'}\n    spec:\n      project: default\n"
        f"      source: {{repoURL: {URL}, path: x, targetRevision: main}}\n"
        "      destination: {namespace: shop, server: https://kubernetes.default.svc}\n"
    )
    files = others(["compared"]) | {"set.yaml": cluster_set}
    snapshot = (await evaluated(engine, files)).snapshot
    coverage = Coverage.of(snapshot)
    assert coverage.sentence() == "All 3 Applications were rendered; what 1 ApplicationSet makes is not all known."
    edit = Edit(Span("b/m.yaml", 1, len(config_map("settings").splitlines()) + 1), "")
    expected = Expectation(MINE, OTHERS, frozenset({SETTINGS}))
    together = Partitions(snapshot, Policy()).of
    proof = await engine.drive(prove(snapshot, engine.analysis(MATCHER, None), [edit], expected, together), None)
    assert proof.rows[0].statement == "No Application that can be seen comes or goes"
    assert proof.rows[0].detail == "3 before, 3 after; what 1 ApplicationSet makes is not all known"


async def test_a_keeper_of_which_a_part_fails_keeps_nothing(engine: Engine) -> None:
    """Argo CD syncs nothing of it, however well the other source renders."""
    files = others([])
    broken = {"repoURL": URL, "path": "broken"}
    mine = application("a", "", source=None, sources=[{"repoURL": URL, "path": "a"}, broken])
    files["apps.yaml"] = documents(mine, application("b", "b"))
    files["broken/kustomization.yaml"] = kustomization("nowhere.yaml")
    snapshot = (await evaluated(engine, files)).snapshot
    edit = Edit(Span("b/m.yaml", 1, len(config_map("settings").splitlines()) + 1), "")
    expected = Expectation(MINE, OTHERS, frozenset({SETTINGS}))
    together = Partitions(snapshot, Policy()).of
    proof = await engine.drive(prove(snapshot, engine.analysis(MATCHER, None), [edit], expected, together), None)
    assert proof.failure.startswith("`a` renders: ")
