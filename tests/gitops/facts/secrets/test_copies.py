"""Which namespaces a copy reaches: the annotations of reflector, replicator and kubed, and label selectors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.facts.secrets.providers.copies import copies, selected
from gitops.facts.secrets.providers.provided import reaches
from tests.gitops.facts.secrets.test_providers import given as manifest_of

REFLECTOR = "reflector.v1.k8s.emberstack.com/reflection-"
REPLICATOR = "replicator.v1.mittwald.de/replicate-to"
ON = {f"{REFLECTOR}allowed": "true", f"{REFLECTOR}auto-enabled": "true"}
OWN = "kubernetes.io/metadata.name"


def copied(annotations: dict[str, Any], namespace: str) -> bool:
    found = copies("Secret", "db", frozenset({"a"}), annotations)
    return any(reaches(each.namespace or "", namespace) for each in found)


@pytest.mark.parametrize(
    ("annotations", "there", "not_there"),
    [
        (ON, ["shop", "web"], []),
        ({f"{REFLECTOR}allowed": "true"}, [], ["shop"]),
        ({f"{REFLECTOR}auto-enabled": "true"}, [], ["shop"]),
        ({**ON, f"{REFLECTOR}auto-enabled": "false"}, [], ["shop"]),
        ({f"{REFLECTOR}allowed": "true", f"{REFLECTOR}allowed-namespaces": "shop"}, [], ["shop"]),
        ({**ON, f"{REFLECTOR}auto-namespaces": "shop, team-.*"}, ["shop", "team-a"], ["web", "shop-x", "a-team-a"]),
        ({**ON, f"{REFLECTOR}allowed-namespaces": "team-.*"}, ["team-a"], ["shop"]),
        (
            {**ON, f"{REFLECTOR}allowed-namespaces": "team-.*", f"{REFLECTOR}auto-namespaces": ".*-a"},
            ["team-a"],
            ["team-b", "shop-a"],
        ),
        ({**ON, f"{REFLECTOR}auto-namespaces": "x", f"{REFLECTOR}auto-namespaces-selector": "a=b"}, ["shop"], []),
        ({REPLICATOR: "shop,team-[0-9]+"}, ["shop", "team-12"], ["web", "team-x", "my-shop"]),
        ({f"{REPLICATOR}-matching": "a=b"}, ["shop"], []),
        ({f"{REPLICATOR}-matching": f"{OWN}=web"}, ["web"], ["shop"]),
        ({"replicator.v1.mittwald.de/replication-allowed": "true"}, [], ["shop"]),
        ({"kubed.appscode.com/sync": ""}, ["shop"], []),
        ({"kubed.appscode.com/sync": "true"}, ["shop"], []),
        ({"kubed.appscode.com/sync": "app=web"}, ["shop"], []),
        ({"kubed.appscode.com/sync": "false"}, [], ["shop"]),
        ({}, [], ["shop"]),
    ],
)
def test_copies_reach_what_their_annotations_say(
    annotations: dict[str, str], there: list[str], not_there: list[str]
) -> None:
    assert [namespace for namespace in (*there, *not_there) if copied(annotations, namespace)] == there


@pytest.mark.parametrize(
    ("selector", "there", "not_there"),
    [
        ({}, ["shop"], []),
        ({"matchLabels": {"team": "a"}}, ["shop"], []),
        ({"matchLabels": {OWN: "web"}}, ["web"], ["shop"]),
        ({"matchExpressions": [{"key": OWN, "operator": "In", "values": ["a", "b"]}]}, ["a", "b"], ["shop"]),
        ({"matchExpressions": [{"key": OWN, "operator": "NotIn", "values": ["shop"]}]}, ["web", "shop-2"], ["shop"]),
        ({"matchExpressions": [{"key": "team", "operator": "Exists"}]}, ["shop"], []),
    ],
)
def test_selectors_are_read_as_far_as_names_tell(
    selector: dict[str, Any], there: list[str], not_there: list[str]
) -> None:
    assert [n for n in (*there, *not_there) if any(reaches(p, n) for p in selected(selector))] == there


NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_plain_names_reach_themselves_alone(listed: list[str], asked: str) -> None:
    for marks in ({REPLICATOR: ",".join(listed)}, {**ON, f"{REFLECTOR}auto-namespaces": ", ".join(listed)}):
        assert copied(marks, asked) is (asked in listed)


def test_an_expression_of_another_dialect_rules_nothing_out() -> None:
    assert copied({REPLICATOR: "(?<name>shop"}, "web")


@pytest.mark.parametrize(
    ("fields", "there", "not_there"),
    [
        ({}, ["shop", "web"], []),
        ({"matchNamespace": ["team-.+", "web"]}, ["team-a", "web", "web-2"], ["shop", "my-web"]),
        ({"avoidNamespaces": ["kube-", "shop"]}, ["web"], ["shop", "kube-system"]),
    ],
)
def test_cluster_secrets_reach_what_matches(
    fields: dict[str, list[str]], there: list[str], not_there: list[str]
) -> None:
    found = manifest_of("clustersecret.io/v1", "ClusterSecret", data={"a": "eA=="}, **fields)
    assert {each.keys for each in found} == {frozenset({"a"})}
    assert [n for n in (*there, *not_there) if any(reaches(each.namespace or "", n) for each in found)] == there
