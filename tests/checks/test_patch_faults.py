"""A patch that fails is the place of the failure, not the base that it is applied to."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.scenarios import Files, application, evaluated, failure_of, manifest

DEPLOYMENT = manifest("Deployment", "d", api="apps/v1", spec={"replicas": 1})
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
FILES: Files = {
    "apps.yaml": application("a", "over"),
    "base/kustomization.yaml": "resources: [dep.yaml]\n",
    "base/dep.yaml": DEPLOYMENT,
    "over/fine.yaml": manifest("Deployment", "d", api="apps/v1", spec={"paused": True}),
}
HEAD = "resources:\n- ../base\npatches:\n- path: fine.yaml\n"
ON_IT = "  target: {kind: Deployment}\n"


def inline(operation: str) -> str:
    return f"{HEAD}- target: {{kind: Deployment, name: d}}\n  patch: |-\n    - {operation}\n"


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"over/kustomization.yaml": inline("{op: replace, path: /spec/foo/bar, value: 1}")}, "over:5"),
        ({"over/kustomization.yaml": inline("{op: remove, path: /spec/x}")}, "over:5"),
        ({"over/kustomization.yaml": inline("{op: add, path: /spec/a/b, value: 1}")}, "over:5"),
        ({"over/kustomization.yaml": inline("{op: test, path: /spec/replicas, value: 5}")}, "over:5"),
        ({"over/kustomization.yaml": inline("{op: frobnicate, path: /spec/x}")}, "over:5"),
        (
            {
                "over/kustomization.yaml": f"{HEAD}- path: ops.yaml\n{ON_IT}",
                "over/ops.yaml": "- op: remove\n  path: /spec/x\n",
            },
            "over:5",
        ),
        (
            {
                "over/kustomization.yaml": "resources: [../base]\npatchesJson6902:\n- path: ops.yaml\n"
                "  target: {group: apps, version: v1, kind: Deployment, name: d}\n",
                "over/ops.yaml": "- op: remove\n  path: /spec/x\n",
            },
            "over:3",
        ),
        # What is no YAML is mended where it is no YAML.
        (
            {"over/kustomization.yaml": f"{HEAD}- path: broken.yaml\n", "over/broken.yaml": "a: [\n"},
            "over/broken.yaml:2",
        ),
        (
            {
                "over/kustomization.yaml": "resources: [../base]\ncomponents: [../comp]\n",
                "comp/kustomization.yaml": f"{COMPONENT}patches:\n- path: ops.yaml\n{ON_IT}",
                "comp/ops.yaml": "- op: remove\n  path: /spec/x\n",
            },
            "comp:4",
        ),
        (
            {
                "over/kustomization.yaml": "resources: [../middle]\n",
                "middle/kustomization.yaml": "resources: [../base]\npatches:\n- path: ops.yaml\n" + ON_IT,
                "middle/ops.yaml": "- op: remove\n  path: /spec/x\n",
            },
            "middle:3",
        ),
        # Two that may be meant: the kustomization, not one of them by guesswork.
        (
            {
                "over/kustomization.yaml": f"{HEAD}- path: ops.yaml\n{ON_IT}- path: more.yaml\n{ON_IT}",
                "over/ops.yaml": "- op: remove\n  path: /spec/x\n",
                "over/more.yaml": "- op: remove\n  path: /spec/x\n",
            },
            "over:1",
        ),
    ],
    ids=["replace", "remove", "add", "test", "operation", "file", "json6902", "yaml", "component", "middle", "two"],
)
async def test_the_entry_of_the_patch_is_pointed_at(engine: Engine, files: Files, place: str) -> None:
    span = failure_of(await evaluated(engine, {**FILES, **files}), "a").span
    where, _, line = place.partition(":")
    path = where if where.endswith(".yaml") else f"{where}/kustomization.yaml"
    assert (span.path, span.line) == (path, int(line))
