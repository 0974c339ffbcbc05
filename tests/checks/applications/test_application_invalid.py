"""What the API server has against Applications, and what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Finding, Severity
from gitops.applications.definitions import Fault, against
from tests.scenarios import URL, config_map, documents, evaluated, manifest, of_rule

RULE = "application-invalid"
API = "argoproj.io/v1alpha1"
SPEC: dict[str, Any] = {
    "project": "default",
    "source": {"repoURL": URL, "targetRevision": "main", "path": "a"},
    "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
}


def application(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": API, "kind": "Application", "metadata": {"name": "a"}, "spec": {**SPEC, **spec}}


@pytest.mark.parametrize(
    ("spec", "fault", "field", "near"),
    [
        ({"syncPolicy": {"syncOption": ["a"]}}, Fault.UNKNOWN, "spec.syncPolicy.syncOption", "syncOptions"),
        ({"syncOptions": ["a"]}, Fault.UNKNOWN, "spec.syncOptions", "syncOptions"),
        ({"syncPolicy": {"prune": True}}, Fault.UNKNOWN, "spec.syncPolicy.prune", "prune"),
        ({"ignoreDifference": []}, Fault.UNKNOWN, "spec.ignoreDifference", "ignoreDifferences"),
        ({"notes": "x"}, Fault.UNKNOWN, "spec.notes", None),
        ({"syncPolicy": {"automated": True}}, Fault.TYPE, "spec.syncPolicy.automated", None),
        ({"syncPolicy": {"retry": {"limit": "5"}}}, Fault.TYPE, "spec.syncPolicy.retry.limit", None),
        ({"syncPolicy": {"syncOptions": "a"}}, Fault.TYPE, "spec.syncPolicy.syncOptions", None),
        (
            {"source": {"repoURL": URL, "path": "a", "helm": {"parameters": [{"name": "a", "value": True}]}}},
            Fault.TYPE,
            "spec.source.helm.parameters.0.value",
            None,
        ),
        ({"project": None}, Fault.MISSING, "spec.project", None),
    ],
)
def test_what_is_wrong_is_named(spec: dict[str, Any], fault: Fault, field: str, near: str | None) -> None:
    [found] = against(application(**spec), "Application")
    assert found.fault is fault
    assert ".".join(map(str, found.route)) == field
    assert (found.near[-1] if found.near else None) == near


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"syncPolicy": {"automated": None, "syncOptions": None}},
        {"syncPolicy": {"automated": {}, "managedNamespaceMetadata": {"labels": {"a": "b"}}}},
        {"source": {"repoURL": URL, "path": "a", "helm": {"valuesObject": {"anything": {"goes": [1, None]}}}}},
        {"info": [{"name": "a", "value": "b"}], "revisionHistoryLimit": 3},
        {"sources": [{"repoURL": URL, "ref": "values"}]},
        {"ignoreDifferences": [{"kind": "ConfigMap", "jqPathExpressions": [".data"], "group": ""}]},
    ],
)
def test_what_argo_cd_documents_is_right(spec: dict[str, Any]) -> None:
    assert list(against(application(**spec), "Application")) == []


def test_metadata_is_read_as_every_object_has_it() -> None:
    wrong = {**application(), "metadata": {"name": "a", "finalizer": ["x"], "labels": {"a": 1}}}
    found = {".".join(map(str, each.route)): each.fault for each in against(wrong, "Application")}
    assert found == {"metadata.finalizer": Fault.UNKNOWN, "metadata.labels.a": Fault.TYPE}


async def judged(engine: Engine, *written: dict[str, Any], **more: str) -> list[Finding]:
    files = {"apps.yaml": documents(*map(json.dumps, written)), "a/m.yaml": config_map("m"), **more}
    return of_rule(await evaluated(engine, files, only=RULE), RULE)


def applications(policy: dict[str, Any] | None = None, **template: Any) -> dict[str, Any]:
    spec = {
        "generators": [{"list": {"elements": [{"name": "a"}, {"name": "b"}]}}],
        "template": {"metadata": {"name": "{{name}}"}, "spec": {**SPEC, **template}},
        **({"syncPolicy": policy} if policy is not None else {}),
    }
    return {"apiVersion": API, "kind": "ApplicationSet", "metadata": {"name": "all"}, "spec": spec}


async def test_of_a_set_the_template_is_told_once_and_where_the_field_belongs(engine: Engine) -> None:
    [found] = await judged(engine, applications(syncPolicy={"preserveResourcesOnDeletion": True}))
    assert found.severity is Severity.ERROR
    assert found.topic.advice == "Write `spec.syncPolicy.preserveResourcesOnDeletion`."
    [number] = await judged(engine, applications(syncPolicy={"retry": {"limit": "{{limit}}"}}))
    assert "templatePatch" in number.topic.advice
    [policy] = await judged(engine, applications({"applicationsSync": "create_only"}))
    assert "`create-only`" in policy.message


async def test_what_a_patch_of_the_template_says_is_read_too(engine: Engine) -> None:
    made = applications()
    made["spec"]["templatePatch"] = "spec: {syncPolicy: {syncOption: [a]}, revisionHistoryLimit: 2}"
    [found] = await judged(engine, made)
    assert found.message.startswith("The `templatePatch` of ApplicationSet `all`: an Application has no field ")
    assert found.topic.advice == "Write `spec.syncPolicy.syncOptions`."


async def test_what_the_definition_in_git_has_is_a_field(engine: Engine) -> None:
    parent = application(source={"repoURL": URL, "path": "crds", "targetRevision": "main"})
    parent["metadata"]["name"] = "crds"
    new = application(brandNew=True)
    [found] = await judged(engine, parent, new)
    assert found.severity is Severity.WARNING
    schema = {"openAPIV3Schema": {"properties": {"spec": {"properties": {"brandNew": {"type": "boolean"}}}}}}
    names = {"kind": "Application", "plural": "applications"}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": schema}
    spec = {"group": "argoproj.io", "scope": "Namespaced", "names": names, "versions": [version]}
    crd = manifest("CustomResourceDefinition", "applications.argoproj.io", api="apiextensions.k8s.io/v1", spec=spec)
    assert await judged(engine, parent, new, **{"crds/crd.yaml": crd}) == []


async def test_a_manifest_that_is_laid_over_another_lacks_nothing(engine: Engine) -> None:
    assert await judged(engine, {**application(), "spec": {"destination": {"namespace": "x", "server": "y"}}}) == []
