"""Pods that must not share a node come to prefer it: in the document that says so, and nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml

from checks.argocd import anti_affinity_unschedulable
from checks.model import Finding
from checks.planning.edits import after_edits
from checks.planning.repairs.plan import plan_repairs
from checks.policy.file import parse_policy
from gitops.discovery.snapshot import Change, Snapshot
from gitops.resources.rendering import Output, RenderRequest
from tests.checks.argocd.stage import ANALYSIS
from tests.driven import driven
from tests.scenarios import application, discovered, tree

ONE_NODE = parse_policy(b"argocd: {nodes: [{cpu: 2, memory: 4Gi}]}")
REQUIRED, PREFERRED = (f"{when}DuringSchedulingIgnoredDuringExecution" for when in ("required", "preferred"))
TERM = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
WISH = {"weight": 5, "podAffinityTerm": {**TERM, "topologyKey": "topology.kubernetes.io/zone"}}
HEAD = """\
# ours
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
      affinity:
        podAntiAffinity:
"""
IN_LINES = f"""\
          {REQUIRED}:  # one a node
            - labelSelector: {{matchLabels: {{app: web}}}}
              topologyKey: kubernetes.io/hostname
"""
WISHES = f"""\
          {PREFERRED}:
            - weight: 5
              podAffinityTerm:
                labelSelector: {{matchLabels: {{app: web}}}}
                topologyKey: topology.kubernetes.io/zone
"""


def judge(snapshot: Snapshot) -> Mapping[tuple[str, ...], Finding]:
    found = anti_affinity_unschedulable.check(Change(None, snapshot), ONE_NODE)
    return {one.identity: one for one in found}


def nothing(_request: RenderRequest) -> Output:
    raise AssertionError("nothing has to be rendered")


@pytest.mark.parametrize(
    ("rules", "wishes"),
    [
        (IN_LINES, [{"weight": 100, "podAffinityTerm": TERM}]),
        (WISHES + IN_LINES, [WISH, {"weight": 100, "podAffinityTerm": TERM}]),
    ],
    ids=["alone", "with a wish"],
)
def test_the_terms_become_wishes(rules: str, wishes: list[object]) -> None:
    files = {"apps.yaml": application("shop", "shop"), "shop/web.yaml": HEAD + rules}
    before = discovered(tree(files), ANALYSIS)
    known = judge(before)
    assert len(known) == 1
    (plan,) = driven(plan_repairs(before, ANALYSIS, list(known.values()), judge), nothing).plans
    assert plan.proof.holds and plan.applicability == "safe"
    after = driven(after_edits(before, ANALYSIS, plan.edits), nothing).snapshot
    assert judge(after) == {}
    text = after.tree.read("shop/web.yaml").decode()
    now = yaml.safe_load(text)["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
    assert now == {PREFERRED: wishes}
    assert text.startswith(HEAD)


def test_where_the_document_cannot_say_it_nothing_is_offered() -> None:
    anchored = (HEAD + IN_LINES).replace("        podAntiAffinity:\n", "        podAntiAffinity: &rules\n")
    files = {"apps.yaml": application("shop", "shop"), "shop/web.yaml": f"{anchored}also: *rules\n"}
    before = discovered(tree(files), ANALYSIS)
    found = list(judge(before).values())
    assert driven(plan_repairs(before, ANALYSIS, found, judge), nothing).plans == ()
    assert found[0].topic.advice
