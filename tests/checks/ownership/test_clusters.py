"""A cluster that is named here and addressed there: one or two when somebody says so, else a doubt."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from checks.policy.file import parse_policy
from tests.scenarios import application, config_map, evaluated, manifest, of_rule

EDGE = "https://edge.example:6443"


def two(left: dict[str, Any], right: dict[str, Any], **files: str) -> dict[str, str]:
    return {
        "argocd/a.yaml": application("a", "a", **left),
        "argocd/b.yaml": application("b", "b", **right),
        "a/x.yaml": config_map("m", "shop"),
        "b/x.yaml": config_map("m", "shop"),
        **{path.replace("__", "/") + ".yaml": text for path, text in files.items()},
    }


def secret(name: str, server: str, encoded: bool = False, **more: Any) -> str:
    values = {"name": name, "server": server, "config": "{}"}
    if encoded:
        content: dict[str, Any] = {
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        }
    else:
        content = {"stringData": values}
    fields: dict[str, Any] = {"metadata": {"labels": {"argocd.argoproj.io/secret-type": "cluster"}}, **content}
    return manifest("Secret", f"cluster-{name}", "argocd", **fields, **more)


EXTERNAL = manifest(
    "ExternalSecret",
    "edge",
    "argocd",
    api="external-secrets.io/v1",
    spec={
        "target": {
            "template": {
                "metadata": {"labels": {"argocd.argoproj.io/secret-type": "cluster"}},
                "data": {"name": "edge", "server": EDGE, "config": "{{ .config }}"},
            }
        }
    },
)
GENERATED = (
    "secretGenerator:\n- name: edge\n  literals: [name=edge, 'server=https://edge.example:6443']\n"
    "  options: {labels: {argocd.argoproj.io/secret-type: cluster}}\n"
)


@pytest.mark.parametrize(
    "told",
    [
        {"argocd__c": secret("edge", EDGE)},
        {"argocd__c": secret("edge", EDGE + "/")},
        {"argocd__c": secret("edge", EDGE, encoded=True)},
        {"clusters__deep__c": secret("far", "https://far.example") + "---\n" + secret("edge", EDGE)},
        {"argocd__c": EXTERNAL},
        {"clusters__kustomization": GENERATED},
    ],
    ids=["plain", "slash", "encoded", "among others", "external secret", "generated"],
)
async def test_a_cluster_secret_makes_name_and_url_one(engine: Engine, told: dict[str, str]) -> None:
    for left, right in (({"cluster": "edge"}, {"server": EDGE}), ({"server": EDGE + "/"}, {"cluster": "edge"})):
        (finding,) = of_rule(await evaluated(engine, two(left, right, **told)), "duplicate-owner")
        assert (finding.severity, finding.applications) == (Severity.ERROR, ("a", "b"))


async def test_the_configuration_says_it_too_and_goes_first(engine: Engine) -> None:
    policy = f"clusters:\n  - {{name: edge, server: '{EDGE}', labels: {{env: prod}}}}\n"
    files = two({"cluster": "edge"}, {"server": EDGE})
    (finding,) = of_rule(await evaluated(engine, files, policy=policy), "duplicate-owner")
    assert finding.severity is Severity.ERROR
    contrary = two({"cluster": "edge"}, {"server": EDGE}, argocd__c=secret("edge", "https://elsewhere.example"))
    (finding,) = of_rule(await evaluated(engine, contrary, policy=policy), "duplicate-owner")
    assert finding.severity is Severity.ERROR


async def test_a_name_for_argo_cds_own_cluster_is_in_cluster(engine: Engine) -> None:
    hub = secret("hub", "https://kubernetes.default.svc")
    (finding,) = of_rule(await evaluated(engine, two({"cluster": "hub"}, {}, argocd__c=hub)), "duplicate-owner")
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ({"cluster": "edge"}, {"server": "https://other.example"}, {"argocd__c": secret("edge", EDGE)}),
        ({"cluster": "far"}, {"server": EDGE}, {"argocd__c": secret("edge", EDGE)}),
        ({"cluster": "edge"}, {"cluster": "far"}, {}),
        ({"server": "https://one.example"}, {"server": "https://two.example"}, {}),
        ({"cluster": "edge"}, {}, {}),
    ],
    ids=["another url", "another name", "two names", "two urls", "a name and in-cluster"],
)
async def test_what_is_known_to_be_two_clusters_is_no_collision(
    engine: Engine, left: dict[str, Any], right: dict[str, Any], told: dict[str, str]
) -> None:
    assert of_rule(await evaluated(engine, two(left, right, **told)), "duplicate-owner") == []


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"argocd__c": secret("edge", EDGE) + "---\n" + secret("edge", "https://second.example")},
        {"argocd__c": EXTERNAL.replace(EDGE, "{{ .server }}")},
        {"argocd__c": manifest("Secret", "edge", "argocd", stringData={"name": "edge", "server": EDGE})},
    ],
    ids=["nothing", "two Argo CDs", "filled in later", "no cluster Secret"],
)
async def test_what_nobody_says_is_one_notice(engine: Engine, told: dict[str, str]) -> None:
    files = two({"cluster": "edge"}, {"server": "https://third.example"}, **told)
    files["a/y.yaml"] = files["b/y.yaml"] = config_map("other", "shop")
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert finding.severity is Severity.NOTICE
    assert "by URL" in finding.message
    assert "ConfigMap shop/m and 1 more" in finding.message
    # What is advised settles it.
    advised = finding.topic.commands.replace("https://...", "https://third.example")
    assert parse_policy(advised.encode()).problems == ()
    (settled,) = {f.severity for f in of_rule(await evaluated(engine, files, policy=advised), "duplicate-owner")}
    assert settled is Severity.ERROR


async def test_no_value_of_a_cluster_secret_is_said(engine: Engine) -> None:
    files = two({"cluster": "edge"}, {"cluster": "far"}, argocd__c=secret("edge", EDGE))
    evaluation = await evaluated(engine, files)
    assert "edge.example" not in repr(evaluation.findings) + repr(
        [str(s.application) for s in evaluation.snapshot.states]
    )
    assert [str(s.application.destination) for s in evaluation.snapshot.states] == ["edge/shop", "far/shop"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clusters: {a: b}\n", "must be a list"),
        ("clusters:\n  - edge\n", "must have `name` and `server`"),
        ("clusters:\n  - {name: edge}\n", "lacks `server`"),
        ("clusters:\n  - {name: edge, server: edge.example}\n", "must be the URL of an API server"),
        ("clusters:\n  - {name: edge, server: 'https://[x'}\n", "must be the URL of an API server"),
        ("clusters:\n  - {name: edge, server: 7}\n", "`server` of a `clusters` entry must be a text"),
        ("clusters:\n  - {name: edge, server: 'https://a', label: x}\n", "unknown key `label`"),
        ("clusters:\n  - {name: edge, server: 'https://a', labels: {a: 1}}\n", "must map names to texts"),
        ("clusters:\n  - {name: e, server: 'https://a'}\n  - {name: e, server: 'https://b'}\n", "on line 2 already"),
    ],
)
def test_a_mistake_in_the_configuration_is_told_with_its_line(text: str, words: str) -> None:
    policy = parse_policy(text.encode())
    (problem,) = policy.problems
    assert words in problem.message
    assert problem.line == text.count("\n")
    assert len(policy.clusters) == text.count("https://b")
