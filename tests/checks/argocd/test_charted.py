"""Argo CD's chart where it is not rendered: judged by the version that it brings, and by what values say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import rules
from docs.argocd_charts import PATH, refreshed, written
from gitops.discovery.snapshot import Change, Snapshot
from gitops.installation.charted import charted, version_of_chart
from tests.checks.argocd.stage import ANALYSIS, messages
from tests.scenarios import URL, Files, application, discovered, tree

NOTE, PARAM = "argocd-upgrade-note", "argocd-param-without-effect"
HELM = "https://argoproj.github.io/argo-helm"
RBAC = {"policy.csv": "p, role:dev, applications, get, */*, allow"}
IMAGE_2, IMAGE_3 = ({"global": {"image": {"tag": tag}}} for tag in ("v2.14.0", "v3.0.1"))
V = "configs: {params: {a: '1', b: true, c: v}}\n"
W = "configs: {params: {c: w}}\n"
READS = "configs: {rbac: {policy.csv: 'p, role:dev, applications, get, */*, allow'}}\n"


def chart(version: str, values: Any = None, *, files: tuple[str, ...] = (), inline: str = "") -> Files:
    """An Application of the chart, with values of its own or of files."""
    helm: dict[str, Any] = {"values": inline} if inline else {}
    helm |= {"valuesObject": values} if values is not None else {}
    helm |= {"valueFiles": [f"$here/{file}" for file in files]} if files else {}
    sources = [{"repoURL": HELM, "chart": "argo-cd", "targetRevision": version, "helm": helm}]
    sources += [{"repoURL": URL, "targetRevision": "main", "ref": "here"}] if files else []
    return {"apps.yaml": application("argocd", "", namespace="argocd", sources=sources)}


def umbrella(version: str, values: str, **files: str) -> Files:
    made = f"name: ops\nversion: 1.0.0\ndependencies: [{{name: argo-cd, version: {version}, repository: {HELM}}}]\n"
    app = application("argocd", "ops", namespace="argocd")
    return {"apps.yaml": app, "ops/Chart.yaml": made, "ops/values.yaml": values, **files}


def seen(files: Files) -> Snapshot:
    return discovered(tree(files), ANALYSIS)


def found(rule: str, head: Files, base: Files | None = None) -> list[Finding]:
    check = next(one.check for one in rules() if one.id == rule)
    return list(check(Change(seen(base) if base is not None else None, seen(head)), Policy()))


@pytest.mark.parametrize(
    ("base", "head", "path"),
    [
        (chart("7.7.23", files=("v.yaml",)), {**chart("8.0.0", files=("v.yaml",)), "v.yaml": READS}, "v.yaml"),
        (chart("7.7.23"), chart("8.0.0", values={"configs": {"rbac": RBAC}}), "apps.yaml"),
        (chart("7.7.23"), chart("8.0.0", inline=READS), "apps.yaml"),
        (umbrella("7.7.23", ""), umbrella("8.0.0", f"argo-cd:\n  {READS}"), "ops/values.yaml"),
        (chart("7.7.23", IMAGE_2), chart("7.7.23", {**IMAGE_3, "configs": {"rbac": RBAC}}), "apps.yaml"),
    ],
)
def test_a_newer_chart_is_judged_by_the_version_that_it_brings(base: Files, head: Files, path: str) -> None:
    notes = [one for one in found(NOTE, head, base) if "logs" in one.topic.commands]
    assert [one.span.path for one in notes] == [path]
    assert notes[0].topic.commands == "p, role:dev, logs, get, */*, allow"
    assert notes[0].applications == ("argocd",)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("7.7.22", "7.7.23"),  # of one minor
        ("8.0.0", "7.7.23"),
        ("7.7.23", "8.*"),
        ("7.7.23", "99.0.0"),
        ("7.x", "8.0.0"),
    ],
)
def test_where_the_version_is_not_told_or_the_same_nothing_is_said(base: str, head: str) -> None:
    values = {"configs": {"rbac": RBAC}}
    assert found(NOTE, chart(head, values), chart(base, values)) == []


@pytest.mark.parametrize(
    ("version", "key", "said"),
    [
        ("8.0.0", "server.insecure", ""),
        ("8.0.0", "server.insecur", "reads `server.insecure`"),
        ("8.0.0", "server.login.attempts.expiration", ""),
        (
            "9.1.0",
            "server.login.attempts.expiration",
            "Argo CD v3.2.0 does not read it, the last version that does is 3.0",
        ),
        ("8.x", "server.login.attempts.expiration", ""),
        ("8.x", "server.insecur", "reads `server.insecure`"),
        ("9.1.0", "create", ""),
        ("9.1.0", "annotations", ""),
    ],
)
def test_keys_in_values_are_those_of_that_version(version: str, key: str, said: str) -> None:
    made = messages(found(PARAM, chart(version, {"configs": {"params": {key: True}}})))
    assert [said in one for one in made] == [True] if said else made == []


def test_what_counts_last_is_what_is_said() -> None:
    head = {
        **chart("9.1.0", {"configs": {"params": {"a": "2"}}}, files=("v.yaml", "w.yaml")),
        "v.yaml": V,
        "w.yaml": W,
    }
    (one,) = charted(seen(head))
    (member,) = one.params
    assert member.manifest["data"] == {"a": "2", "b": "true", "c": "w"}
    assert one.charted == version_of_chart("9.1.0") and one.namespace == "argocd" and one.deployed


def test_other_charts_are_none_of_it() -> None:
    other = chart("9.1.0", {"configs": {"params": {"server.insecur": True}}})
    text = str(other["apps.yaml"]).replace('"chart": "argo-cd"', '"chart": "argo-rollouts"')
    assert list(charted(seen({"apps.yaml": text}))) == []


def test_the_table_is_made_anew_from_an_index() -> None:
    known = json.loads(PATH.read_text(encoding="utf-8"))
    assert written(known) == PATH.read_text(encoding="utf-8")
    assert str(version_of_chart("7.7.23")) == "2.13.4" and version_of_chart("^7.0.0") is None
    entries = [
        {"version": "99.1.0", "appVersion": "v9.0.0"},
        {"version": "99.0.0", "appVersion": "v9.0.0"},
        {"version": "x"},
    ]
    new = refreshed(known, {"entries": {"argo-cd": entries}})
    assert list(new)[-1] == "9.0.0" and new["9.0.0"] == ["99.0.0", "99.1.0"]
    assert {**new, "9.0.0": None} == {**known, "9.0.0": None}
