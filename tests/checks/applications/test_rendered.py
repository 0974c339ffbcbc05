"""What Applications say, held against what they render: where it is wrong, and where nobody can know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.checks.applications.applications import API, IN_CLUSTER, app, at, found
from tests.scenarios import URL, application, config_map, documents, evaluated, manifest, of_rule

NAME_IT = "Name the cluster either by `server`, its URL, or by `name`."


# Namespaces


def spread(*namespaces: str, made: str = "CreateNamespace=true") -> tuple[str, dict[str, str]]:
    """Applications that have their namespaces made, and one that has not."""
    apps = [app(f"x-{name}", policy={"syncOptions": [made]}, destination=at(name)) for name in namespaces]
    return documents(app("web", destination=at("shop")), *apps), {
        f"{name}/m.yaml": config_map("m", "") for name in ("web", *(f"x-{each}" for each in namespaces))
    }


async def missing(engine: Engine, apps: str, files: Mapping[str, str]) -> int:
    return len(await found(engine, "namespace-missing", {"apps.yaml": apps, **files}))


async def test_a_namespace_is_missing_where_the_others_are_made(engine: Engine) -> None:
    apps, files = spread("one", "two")
    assert await missing(engine, apps, files) == 1
    assert await missing(engine, apps, {**files, "x-one/n.yaml": manifest("Namespace", "shop")}) == 0
    assert await missing(engine, *spread("one", "shop")) == 0
    # Nothing of it lands there.
    assert await missing(engine, apps, {**files, "web/m.yaml": config_map("m", "one")}) == 0
    # Here somebody else makes them.
    assert await missing(engine, *spread("one", "two", made="PruneLast=true")) == 0
    # Who writes that Argo CD is not to make it has somebody else make it.
    meant = apps.replace(
        '"namespace": "shop"', '"namespace": "shop"}, "syncPolicy": {"syncOptions": ["CreateNamespace=false"]'
    )
    (said,) = await found(engine, "namespace-missing", {"apps.yaml": meant, **files})
    assert said.severity is Severity.NOTICE


async def test_the_option_makes_no_other_namespace(engine: Engine) -> None:
    apps, files = spread("one", "two", "shop")
    stray = {**files, "x-one/m.yaml": documents(config_map("m", ""), config_map("n", "elsewhere"))}
    (said,) = await found(engine, "namespace-missing", {"apps.yaml": apps, **stray})
    assert "brings resources into the namespace `elsewhere`" in said.message and said.applications == ("x-one",)
    assert await missing(engine, apps, {**stray, "web/n.yaml": manifest("Namespace", "elsewhere")}) == 0
    assert await missing(engine, apps, {**files, "x-one/m.yaml": config_map("n", "two")}) == 0
    for there in ("kube-system", "argocd"):
        assert await missing(engine, apps, {**files, "x-one/m.yaml": config_map("n", there)}) == 0
    # Where most are made elsewhere this one may be, too.
    far = {**files, "x-one/m.yaml": documents(*(config_map("n", f"n{number}") for number in range(9)))}
    assert await missing(engine, apps, far) == 0


@pytest.mark.parametrize("namespace", ["kube-system", "default", "argocd", "openshift-monitoring"])
async def test_namespaces_that_are_there_are_not_missing(engine: Engine, namespace: str) -> None:
    apps, files = spread("one", "two")
    assert await missing(engine, apps.replace('"namespace": "shop"', f'"namespace": "{namespace}"'), files) == 0


async def test_what_is_not_seen_may_make_a_namespace(engine: Engine) -> None:
    apps, files = spread("one")
    chart = {"repoURL": "https://charts.example.com", "chart": "shop", "targetRevision": "1.0.0"}
    unseen = application("shop-base", "", namespace="base", source=chart)
    assert await missing(engine, documents(apps, unseen), files) == 0
    clusters = {
        "apiVersion": API,
        "kind": "ApplicationSet",
        "metadata": {"name": "all"},
        "spec": {"generators": [{"scmProvider": {}}], "template": {"metadata": {"name": "{{name}}"}, "spec": {}}},
    }
    assert await missing(engine, documents(apps, json.dumps(clusters)), files) == 0


# Destinations, policies, finalizers


@pytest.mark.parametrize(
    ("destination", "advice"),
    [
        ({"name": "in-cluster", "server": IN_CLUSTER}, NAME_IT),
        ({"namespace": "shop"}, NAME_IT),
        ({"server": "in-cluster"}, "Write `name: in-cluster`."),
        ({"server": "https://kubernetes.default"}, f"Write `server: {IN_CLUSTER}`."),
        ({"server": "prod.example.com"}, "Write the URL of the cluster, or `name` with its name."),
        (
            {"server": IN_CLUSTER, "namespace": "My_Shop"},
            "Use lower case letters, digits and `-`, 63 of them at most.",
        ),
        ({"server": f"{IN_CLUSTER}/"}, None),
        ({"server": "https://prod.example.com:6443"}, None),
        ({"name": "prod"}, None),
        # Something fills these in before it is applied.
        ({"server": IN_CLUSTER, "namespace": "${prefix}shop"}, None),
        ({"server": "{{ .Values.server }}", "namespace": "shop"}, None),
        ({"server": IN_CLUSTER, "namespace": "team-{{ tenant }}"}, None),
        ({"name": "<CLUSTER>", "namespace": "shop"}, None),
    ],
)
async def test_a_destination(engine: Engine, destination: dict[str, str], advice: str | None) -> None:
    files = {"apps.yaml": app("a", destination=destination), "a/m.yaml": config_map("m")}
    evaluation = await evaluated(engine, files)
    assert of_rule(evaluation, "render-failed") == []  # a destination is told once
    said = [one.topic.advice for one in of_rule(evaluation, "destination-refused")]
    assert said == ([] if advice is None else [advice])


MADE = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: default
  source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: SOURCE}
  destination: {SERVER: "{{ .Values.server }}", namespace: "NAMESPACE"}
"""


@pytest.mark.parametrize(
    ("old", "new", "fails"),
    [
        ("", "", False),  # its server is empty
        ("{{ .Values.server }}", "https://kubernetes.default", False),
        ("{{ .Values.server }}", f"{IN_CLUSTER}", False),
        ('"NAMESPACE"', "'{{ .Values.tenant }}_x'", False),
        ("SERVER:", f"name: in-cluster, server: '{IN_CLUSTER}', x:", True),  # whoever deploys it
        ("SOURCE", "'{{ .Values.path }}/web'", False),
        ("SOURCE", "nowhere/at/all", True),
    ],
)
async def test_a_chart_that_somebody_else_deploys_gets_other_values(
    engine: Engine, old: str, new: str, fails: bool
) -> None:
    template = MADE.replace(old, new) if old else MADE
    if old != "" and "server }}" not in old and "SERVER" not in old:
        template = template.replace("{{ .Values.server }}", IN_CLUSTER)
    template = template.replace("SERVER", "server").replace("NAMESPACE", "shop").replace("SOURCE", "web")
    files = {
        "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
        "root/templates/web.yaml": template,
        "root/values.yaml": "server: ''\ntenant: ''\npath: apps\n",
        "web/m.yaml": config_map("m"),
    }
    evaluation = await evaluated(engine, files)
    errors = [one for one in evaluation.findings if one.severity is Severity.ERROR]
    assert (len(errors) == 1) is fails and len(errors) < 2
    # What something here deploys has the values that stand here.
    files["bootstrap.yaml"] = app("bootstrap", "root")
    if old == "":
        [said] = of_rule(await evaluated(engine, files), "destination-refused")
        assert "neither `server` nor `name`" in said.message


async def test_a_cluster_is_missed_where_all_others_are_declared(engine: Engine) -> None:
    declared = "clusters: [{name: prod, server: 'https://p'}, {name: stage, server: 'https://s'}]\n"

    async def said(*names: str) -> list[str]:
        apps = documents(*(app(name, "a", destination={"name": name}) for name in names))
        files = {"apps.yaml": apps, "a/m.yaml": config_map("m")}
        return [one.topic.advice for one in await found(engine, "destination-refused", files, declared)]

    assert await said("prod", "stage", "staeg") == ["Write `stage`, or declare the cluster."]
    assert await said("prod", "stage", "one", "two") == []  # then they are declared elsewhere
    assert await said("prod", "staeg") == []


@pytest.mark.parametrize(
    ("policy", "count"),
    [
        ({"managedNamespaceMetadata": {"labels": {"a": "b"}}}, 1),
        ({"managedNamespaceMetadata": {"labels": {"a": "b"}}, "syncOptions": ["CreateNamespace=true"]}, 0),
        ({"automated": {"allowEmpty": True}}, 1),
        ({"automated": {"allowEmpty": True, "prune": True}}, 0),
        ({"retry": {"backoff": {"duration": "5s"}}}, 1),
        ({"retry": {"limit": -1, "backoff": {"duration": "90", "maxDuration": "1h30m"}}}, 0),
        ({"retry": {"limit": 2, "backoff": {"duration": "5 minutes"}}}, 1),
    ],
)
async def test_a_sync_policy(engine: Engine, policy: dict[str, Any], count: int) -> None:
    files = {"apps.yaml": app("a", policy=policy), "a/m.yaml": config_map("m")}
    assert len(await found(engine, "sync-policy-without-effect", files)) == count


async def test_a_template_s_policy_is_there_for_those_for_which_it_does_something(engine: Engine) -> None:
    spec = json.loads(app("a", "a", {"syncOptions": ["CreateNamespace=true"]}))["spec"]
    spec["destination"]["namespace"] = "{{namespace}}"

    def made(*namespaces: str) -> str:
        elements = [{"name": f"a{i}", "namespace": each} for i, each in enumerate(namespaces)]
        whole = {"generators": [{"list": {"elements": elements}}]}
        return manifest(
            "ApplicationSet",
            "all",
            "argocd",
            API,
            spec={**whole, "template": {"metadata": {"name": "{{name}}"}, "spec": spec}},
        )

    for namespaces, count in ((("shop", ""), 0), (("", ""), 1), (("shop",), 0), (("",), 1)):
        files = {"apps.yaml": made(*namespaces), "a/m.yaml": config_map("m")}
        assert len(await found(engine, "sync-policy-without-effect", files)) == count


@pytest.mark.parametrize(
    ("finalizer", "meant"),
    [
        ("resource-finalizer.argocd.argoproj.io", "resources-finalizer.argocd.argoproj.io"),
        ("resources-finalizer.argocd.argoproj.io/backgroud", "resources-finalizer.argocd.argoproj.io/background"),
        ("finalizers.argocd.argoproj.io", "resources-finalizer.argocd.argoproj.io"),
        ("resources-finalizer.argocd.argoproj.io/foreground", None),
        ("post-delete-finalizer.argocd.argoproj.io/cleanup", None),
        ("example.com/ours", None),
        ("foregroundDeletion", None),
    ],
)
async def test_a_finalizer(engine: Engine, finalizer: str, meant: str | None) -> None:
    made = json.loads(app("a"))
    made["metadata"]["finalizers"] = [finalizer]
    files = {"apps.yaml": json.dumps(made), "a/m.yaml": config_map("m")}
    said = [one.topic.advice for one in await found(engine, "finalizer-unknown", files)]
    assert said == ([] if meant is None else [f"Write `{meant}`."])


# Values files of charts that are not rendered


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        ("$vals/a.yaml", "Its sources have these `ref`s: `values`."),
        ("$values/env/missing.yaml", "Add the file, or take the entry out."),
        ("$values/a.yaml", None),
        ("$values/env/$ARGOCD_APP_NAME.yaml", None),
        ("$values/env/*.yaml", None),
        ("own.yaml", None),
        ("$other/b.yaml", None),  # another repository
    ],
)
async def test_a_values_file_of_a_chart_from_elsewhere(engine: Engine, entry: str, advice: str | None) -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.0.0"}
    sources: list[dict[str, Any]] = [
        {**chart, "helm": {"valueFiles": [entry]}},
        {"repoURL": URL, "targetRevision": "main", "ref": "values"},
    ]
    if "other" in entry:
        sources.append({"repoURL": "https://github.com/else/where", "targetRevision": "main", "ref": "other"})
    apps = documents(application("a", "", sources=sources), application("m", "m"))
    files = {"apps.yaml": apps, "a.yaml": "a: 1\n", "m/m.yaml": config_map("m")}
    said = [one.topic.advice for one in await found(engine, "values-file-missing", files)]
    assert said == ([] if advice is None else [advice])


# Annotations and labels


@pytest.mark.parametrize(("value", "wrong"), [(5, True), (True, True), (1.5, True), ("5", False), ("true", False)])
@pytest.mark.parametrize("field", ["annotations", "labels"])
async def test_metadata_has_to_be_text(engine: Engine, field: str, value: object, wrong: bool) -> None:
    resource = manifest("ConfigMap", "m", metadata={field: {"a/b": value, "c": "a long text: 5\nof two lines: 6"}})
    apps = documents(app("a", "m"), app("b", "m"))
    said = await found(engine, "metadata-not-text", {"apps.yaml": apps, "m/m.yaml": resource})
    assert [one.applications for one in said] == [("a", "b")] * wrong
    assert all(f"the {field[:-1]} `a/b`" in one.message for one in said)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("$values/web/values.yaml", True),
        ("$config/a.yaml", True),
        ("$ARGOCD_APP_NAME/values.yaml", False),
        ("${values}/a.yaml", False),
        ("values-$ARGOCD_APP_NAME.yaml", False),
        ("values.yaml", False),
    ],
)
async def test_one_source_has_no_other_to_name(engine: Engine, entry: str, told: bool) -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.0.0"}
    files = {"apps.yaml": application("a", "", source={**chart, "helm": {"valueFiles": [entry]}})}
    said = await found(engine, "values-file-missing", files)
    assert [one.severity for one in said] == [Severity.WARNING] * told
    for one in said:
        assert one.topic.advice.endswith(f"with `ref: {entry[1:].partition('/')[0]}`.")


@pytest.mark.parametrize(
    ("path", "policy", "fails"),
    [
        ("clusters/{{name}}", None, False),  # it may have another name
        ("clusters/{{name}}/apps", None, False),
        ("clusters/{{nameNormalized}}", None, False),
        ("clusters/nowhere", None, True),
        ("clusters/{{name}}", f"clusters: [{{name: in-cluster, server: '{IN_CLUSTER}'}}]\n", True),
        ("clusters/{{name}}", f"clusters: [{{name: hub, server: '{IN_CLUSTER}'}}]\n", False),
    ],
)
async def test_a_cluster_that_is_only_assumed_may_have_another_name(
    engine: Engine, path: str, policy: str | None, fails: bool
) -> None:
    template = {"metadata": {"name": "{{name}}"}, "spec": json.loads(app("a", path))["spec"]}
    spec = {"generators": [{"clusters": {}}], "template": template}
    files = {"set.yaml": manifest("ApplicationSet", "all", "argocd", API, spec=spec)}
    files |= {"clusters/hub/m.yaml": config_map("m")}
    assert bool(await found(engine, "render-failed", files, policy)) is fails
