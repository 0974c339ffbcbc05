"""Admission webhooks and what they are told to look at; a small platform as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from gitops.facts.order.evidence import gather
from gitops.facts.order.model import Evidence, Strength
from gitops.facts.order.stages import arrange
from tests.gitops.facts.order.test_evidence import apps, crd, deployment, edges, shown, widget
from tests.scenarios import config_map, documents, evaluated, manifest


def webhook(**more: Any) -> str:
    entry = {
        "name": "w.acme.example",
        "clientConfig": {"service": {"name": "operator", "namespace": "ops"}},
        "rules": [{"apiGroups": ["acme.example"], "operations": ["CREATE"], "resources": ["widgets"]}],
        **more,
    }  # fmt: skip
    configuration = manifest(
        "ValidatingWebhookConfiguration", "w", api="admissionregistration.k8s.io/v1", webhooks=[entry]
    )
    return documents(configuration, manifest("Service", "operator", "ops"))


EVERYTHING = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]


@pytest.mark.parametrize(
    ("configured", "found"),
    [
        ({}, True),
        ({"failurePolicy": "Fail"}, True),
        ({"failurePolicy": "Ignore"}, False),
        ({"rules": EVERYTHING}, False),
        ({"rules": [{"apiGroups": [""], "operations": ["CREATE"], "resources": ["configmaps"]}]}, False),
        (
            {
                "rules": [
                    {"apiGroups": ["networking.k8s.io"], "operations": ["*"], "resources": ["ingresses"]},
                    {"apiGroups": ["acme.example"], "operations": ["*"], "resources": ["*", "widgets/status"]},
                ]
            },
            False,
        ),
        ({"rules": [{"apiGroups": ["acme.example"], "operations": ["DELETE"], "resources": ["widgets"]}]}, False),
        ({"rules": [{"apiGroups": ["acme.example"], "operations": ["*"], "resources": ["gadgets"]}]}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, False),
        ({"objectSelector": {"matchLabels": {"tier": "gold"}}}, True),
        ({"objectSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}, False),
        ({"matchConditions": [{"name": "c", "expression": "true"}]}, False),
    ],
)
async def test_an_admission_webhook_goes_before_what_it_is_told_to_look_at(
    engine: Engine, configured: dict[str, Any], found: bool
) -> None:
    files = {
        "apps.yaml": apps("crds", "objects", "operator"),
        "crds/x.yaml": crd(),
        "operator/x.yaml": webhook(**configured),
        "objects/x.yaml": documents(
            widget(labels={"tier": "gold"}),
            config_map("x"),
            manifest("Ingress", "i", "shop", "networking.k8s.io/v1", spec={}),
        ),
    }
    shown_edges = await shown(engine, files)
    assert (("operator", "objects", Evidence.WEBHOOK, Strength.SOFT, "Service ops/operator") in shown_edges) is found
    assert len(shown_edges) == 1 + found


async def test_a_webhook_that_looks_at_everything_makes_no_cycle(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("infra", "policies"),
        "infra/x.yaml": documents(manifest("Namespace", "ops"), config_map("x", "default")),
        "policies/x.yaml": webhook(rules=EVERYTHING),
    }
    found = await edges(engine, files)
    assert [e.ends for e in found] == [(found[0].before, found[0].after)]
    assert found[0].before[2] == "infra"


async def test_the_whole_order_of_a_small_platform(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("crds", "infra", "operator", "web", "widgets"),
        "crds/x.yaml": crd(),
        "infra/x.yaml": documents(manifest("Namespace", "shop"), manifest("Namespace", "ops")),
        "operator/x.yaml": webhook(),
        "widgets/x.yaml": widget(),
        "web/x.yaml": deployment(namespace="shop"),
    }
    evaluation = await evaluated(engine, files)
    order = arrange(evaluation.snapshot.by_key, gather(evaluation.snapshot, lambda a: a.root))
    assert [[key[2] for key in stage] for stage in order.stages] == [
        ["crds", "infra"],
        ["operator", "web"],
        ["widgets"],
    ]
