"""What is known of an ApplicationSet beside the Applications it makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from gitops.applicationsets.declared import ApplicationSet
from tests.scenarios import URL, Files, application, config_map, evaluated

TEMPLATE = {
    "metadata": {"name": "{{name}}"},
    "spec": {
        "source": {"repoURL": URL, "path": "a", "targetRevision": "main"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "a"},
    },
}
ONE = [{"list": {"elements": [{"name": "one"}]}}]


def declared(name: str = "all", generators: Any = None, policy: Any = None, namespace: str = "argocd") -> str:
    spec = {"generators": generators or ONE, "template": TEMPLATE, "syncPolicy": policy or {}}
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return json.dumps(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": metadata, "spec": spec}
    )


async def sets(engine: Engine, files: Files) -> dict[str, ApplicationSet]:
    evaluation = await evaluated(engine, {"a/m.yaml": config_map("m"), **files})
    return {one.name: one for one in evaluation.snapshot.sets}


@pytest.mark.parametrize(
    ("policy", "deletes"),
    [("", True), ("sync", True), ("create-delete", True), ("create-only", False), ("create-update", False)],
)
async def test_the_policy_says_whether_it_deletes(engine: Engine, policy: str, deletes: bool) -> None:
    written = {"applicationsSync": policy} if policy else {"preserveResourcesOnDeletion": True}
    found = (await sets(engine, {"set.yaml": declared(policy=written)}))["all"]
    assert (found.policy, found.deletes, found.preserves) == (policy, deletes, not policy)
    assert (found.namespace, found.parents, found.troubles, found.refused) == ("argocd", (), (), False)


@pytest.mark.parametrize(
    ("generators", "refused"),
    [
        ([{"matrix": {"generators": ONE}}], True),
        ([{"clusters": {}}], False),
        ([{"matrix": {"generators": [{"clusters": {}}, *ONE]}}], False),
    ],
)
async def test_an_error_is_told_from_what_only_git_does_not_know(
    engine: Engine, generators: list[Any], refused: bool
) -> None:
    found = (await sets(engine, {"set.yaml": declared(generators=generators)}))["all"]
    assert found.troubles
    assert found.refused is refused


async def test_a_set_below_an_application_knows_who_brings_it(engine: Engine) -> None:
    files = {"root.yaml": application("root", "sets", namespace="teams"), "sets/set.yaml": declared(namespace="")}
    found = (await sets(engine, files))["all"]
    assert (found.root, found.namespace, found.parents) == ("root", "teams", ("root",))
