"""Lines that a policy lacks in a newer version of Argo CD: written at its end, and followed to the letter."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from gitops.files.spans import Applicability, apply_edits
from tests.checks.argocd.stage import APP, workload
from tests.scenarios import Files, evaluated, of_rule

NOTE = "argocd-upgrade-note"
POLICIES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: argocd}
data:
  policy.default: ""
  policy.csv: |
    p, role:dev, applications, get, */*, allow
    p, role:dev, applications, update, */*, allow

    g, acme:dev, role:dev
  scopes: '[groups]'
"""
LACKING = "    p, role:dev, applications, update/*, */*, allow\n    p, role:dev, logs, get, */*, allow\n"


def at(version: str, policies: str = POLICIES) -> Files:
    return {**APP, "argocd/server.yaml": workload("argocd-server", version=version), "argocd/rbac.yaml": policies}


async def test_all_that_a_policy_lacks_goes_to_its_end(engine: Engine) -> None:
    evaluation = await evaluated(engine, at("v3.0.5"), base=at("v2.14.9"))
    (plan,) = evaluation.repairs
    assert plan.applicability is Applicability.SAFE and len(plan.findings) == 2
    after = apply_edits(evaluation.snapshot.tree.read("argocd/rbac.yaml"), plan.edits).decode()
    assert sorted(after.splitlines()) == sorted((POLICIES + LACKING).splitlines())
    assert after.index("g, acme:dev") < after.index("logs, get") < after.index("scopes")
    again = await evaluated(engine, at("v3.0.5", after), base=at("v2.14.9"), only=NOTE)
    assert of_rule(again, NOTE) == []


@pytest.mark.parametrize(
    ("base", "head"),
    [("v2.14.8", "v2.14.9"), ("v3.0.4", "v3.0.5"), ("v3.0.5", "v2.14.9")],
)
async def test_where_nothing_is_taken_away_nothing_is_added(engine: Engine, base: str, head: str) -> None:
    assert (await evaluated(engine, at(head), base=at(base), only=NOTE)).repairs == ()
