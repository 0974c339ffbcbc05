"""How the items of the checklist stand: done where that was seen, and never because nobody looked."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from checks.judgement.checklist import Entry, State, checklist_of
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity, Topic
from checks.policy.dashboard import ITEMS
from checks.policy.file import Policy
from checks.policy.nodes import Node
from gitops.files.block_style import as_yaml
from gitops.files.spans import Span
from tests.checks.argocd.stage import ANALYSIS, workload
from tests.checks.planning.additions.stage import TWO, directory, prometheus
from tests.checks.planning.additions.test_redis import redis
from tests.scenarios import application, config_map, discovered, documents, manifest, tree

SERVER = workload("argocd-server")
PROBED: dict[str, Any] = {
    "module": "http",
    "targets": {"staticConfig": {"static": ["https://argocd.example/healthz"]}},
}


def rules(expression: str) -> str:
    groups = [{"name": "a", "rules": [{"alert": "A", "expr": expression}]}]
    return manifest("PrometheusRule", "rules", "argocd", "monitoring.coreos.com/v1", spec={"groups": groups})


INGRESS = manifest(
    "Ingress",
    "argocd",
    "argocd",
    "networking.k8s.io/v1",
    spec={
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["argocd.example"], "secretName": "tls"}],
        "rules": [
            {
                "host": "argocd.example",
                "http": {
                    "paths": [
                        {"path": "/", "backend": {"service": {"name": "argocd-server", "port": {"number": 80}}}}
                    ]
                },
            }
        ],
    },
)

EXPIRY = "certmanager_certificate_expiration_timestamp_seconds - time() < 86400"
# What each item asks for, but for a volume of redis and a test.
WHOLE = (
    workload("argocd-server", spec=TWO, pod={"topologySpreadConstraints": [{"maxSkew": 1}]}),
    manifest(
        "Service",
        "argocd-server",
        "argocd",
        spec={"selector": {"app.kubernetes.io/name": "argocd-server"}, "ports": [{"port": 80, "targetPort": 8080}]},
    ),
    INGRESS,
    rules(f"argocd_app_info == 0 or {EXPIRY}"),
    prometheus(ruleSelector={}),
    manifest("Probe", "p", "argocd", "monitoring.coreos.com/v1", spec=PROBED),
    manifest("ClusterIssuer", "letsencrypt", "", "cert-manager.io/v1", spec={"selfSigned": {}}),
)


def stands(
    key: str,
    *manifests: str,
    policy: Policy | None = None,
    apps: str | None = None,
    findings: tuple[Finding, ...] = (),
) -> Entry:
    files = directory(*manifests) if apps is None else directory(*manifests, apps=apps)
    snapshot = discovered(tree(files), ANALYSIS)
    evaluation = Evaluation(snapshot, None, findings, (), ())
    return next(one for one in checklist_of(evaluation, policy or Policy()) if one.key == key)


@pytest.mark.parametrize(
    ("key", "absent", "present"),
    [
        ("alerts", [SERVER], [SERVER, rules("argocd_app_info == 0"), prometheus(ruleSelector={})]),
        ("probes", [SERVER], [SERVER, manifest("Probe", "p", "argocd", "monitoring.coreos.com/v1", spec=PROBED)]),
        (
            "certificate-expiry",
            [SERVER, INGRESS],
            [SERVER, INGRESS, rules(EXPIRY)],
        ),
        (
            "spread",
            [workload("argocd-server", spec=TWO)],
            [workload("argocd-server", spec=TWO, pod={"topologySpreadConstraints": [{"maxSkew": 1}]})],
        ),
        ("redis-persistence", [SERVER, redis()], []),
        ("staging", [SERVER], []),
        ("smoke-test", [SERVER], []),
    ],
)
def test_what_is_not_there_is_not_done_and_what_is_there_is_told_with_its_place(
    key: str, absent: list[str], present: list[str]
) -> None:
    entry = stands(key, *absent)
    assert (entry.state, bool(entry.why)) == (State.ABSENT, True)
    if present:
        entry = stands(key, *present)
        assert (entry.state, bool(entry.places)) == (State.DONE, True), entry


def test_what_argofix_can_add_is_offered_and_what_not_is_told_why() -> None:
    offer = stands("spread", as_yaml(json.loads(workload("argocd-server", spec=TWO)))).offer
    assert offer is not None and (offer.name, offer.cannot) == ("spread", "")
    offer = stands("alerts", SERVER).offer
    assert offer is not None and "no Prometheus" in offer.cannot
    assert stands("staging", SERVER).offer is None


@pytest.mark.parametrize("key", ITEMS)
def test_nothing_is_done_or_missing_where_nobody_could_look(key: str) -> None:
    nothing = application("elsewhere", "x", url="https://github.com/other/repository")
    entry = stands(key, prometheus(), config_map("a"), apps=nothing)
    assert entry.state is State.UNSEEN and entry.why and not entry.places


def test_what_git_does_not_hold_is_said_with_who_tells_it() -> None:
    assert "`argocd.nodes` of `.github/argofix.yaml`" in stands("scheduling", SERVER).why


def test_what_nobody_wants_is_not_looked_at() -> None:
    entry = stands("probes", SERVER, policy=Policy(not_wanted={"probes": "by hand"}))
    assert (entry.state, entry.why) == (State.NOT_WANTED, "by hand")


def test_the_next_version_is_looked_at_before_anybody_goes_there() -> None:
    entry = stands("version-path", workload("argocd-server", version="v3.2.2"))
    assert entry.state is State.DONE and "From v3.2.2 to v3.3." in entry.why
    policy = manifest(
        "ConfigMap", "argocd-rbac-cm", "argocd", data={"policy.csv": "p, role:dev, applications, get, */*, allow\n"}
    )
    entry = stands("version-path", workload("argocd-server", version="v2.14.0"), policy)
    assert entry.state is State.OPEN and entry.findings[0].rule == "argocd-upgrade-note"


@pytest.mark.parametrize("key", ITEMS)
def test_nothing_is_done_that_what_was_not_looked_at_may_have_otherwise(key: str) -> None:
    """With all rendered, with a chart that was not fetched, and with one that goes where Argo CD is."""
    policy = Policy(nodes=(Node(Decimal(4), Decimal(2**33)),), argocd_overlay="argocd")
    mine = application("argocd", "argocd", namespace="argocd")
    far, near = (
        application(name, "", source={"repoURL": "https://c.example", "chart": "x"}, namespace=name)
        for name in ("far", "argocd")
    )
    states = [stands(key, *WHOLE, policy=policy, apps=documents(mine, *others)) for others in ((), (far,), (near,))]
    of_all = {"renders", "one-owner", "secret-keys", "certificates", "version-path"}
    of_argo_cd = {"redirect-loop", "starts", "scheduling", "components", "spread"}
    if key not in ("redis-persistence", "smoke-test"):
        done = [one.state is State.DONE for one in states]
        assert done == [True, key not in of_all, key not in of_all | of_argo_cd]
    for entry in states:
        if entry.state is State.UNSEEN:
            assert "Not looked at: 1 Application that was not analysed (`" in entry.why


@pytest.mark.parametrize(
    "reader",
    [
        config_map("none-in-git"),
        prometheus(),  # without a selector it reads none: a rule tells of that
        prometheus(ruleSelector={"matchExpressions": [{"key": "a", "operator": "Exists"}]}),
        prometheus("monitoring", ruleSelector={}, ruleNamespaceSelector={"matchLabels": {"a": "b"}}),
    ],
)
def test_alerts_that_nothing_in_git_reads_for_certain_are_not_called_loaded(reader: str) -> None:
    entry = stands("alerts", SERVER, rules("argocd_app_info == 0"), reader)
    assert entry.state is State.UNKNOWN and "Which Prometheus reads `rules` git does not tell." in entry.why


@pytest.mark.parametrize("key", ["one-owner", "secret-keys", "alerts", "certificates"])
def test_what_a_notice_leaves_open_is_not_called_done(key: str) -> None:
    """As two roots, of which git does not tell whether they are for one Argo CD."""
    rule = {"one-owner": "duplicate-owner", "secret-keys": "secret-missing", "alerts": "alerts-not-loaded"}
    topic = Topic("t", "Perhaps", "")
    doubt = Finding(
        rule.get(key, "dns-solver-secret-missing"), Severity.NOTICE, Span("a.yaml", 1, 1), "m", topic, ("i",)
    )
    entry = stands(key, *WHOLE, findings=(doubt,))
    assert (entry.state, entry.findings) == (State.UNKNOWN, (doubt,))
    assert stands(key, *WHOLE).state is State.DONE


def test_that_every_application_renders_is_known_when_all_were_rendered() -> None:
    alone = application("argocd", "argocd", namespace="argocd")
    other = application(
        "far", "", source={"repoURL": "https://charts.example", "chart": "x", "targetRevision": "1.0.0"}
    )
    assert stands("renders", SERVER, apps=alone).state is State.DONE
    partly = stands("renders", SERVER, apps=f"{alone}\n---\n{other}")
    assert partly.state is State.UNSEEN
    assert (
        partly.why
        == "Nothing is wrong with what was looked at. Not looked at: 1 Application that was not analysed (`far`)."
    )
