"""A redirect loop is mended where the layout has the setting, and only where nothing else changes."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.checks.argocd.stage import APP, workload
from tests.checks.argocd_exposed import INGRESS
from tests.checks.planning.repairs.stage import lines_of, plans_of
from tests.scenarios import Files, application, documents, kustomization, manifest

LOOP = "argocd-redirect-loop"
WIRED = {"ARGOCD_SERVER_INSECURE": {"key": "server.insecure"}}
SERVICE = manifest(
    "Service",
    "argocd-server",
    "argocd",
    spec={
        "selector": {"app.kubernetes.io/name": "argocd-server"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    },
)
EDGE = INGRESS.replace("PROTOCOL", "HTTP").replace("  name: argocd\n", "  name: argocd\n  namespace: argocd\n")
CM = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm, namespace: argocd}
"""


def installed(config: str = CM, *more: str, env: bool = True, edge: str = EDGE) -> dict[str, str | bytes]:
    server = workload("argocd-server", env=WIRED if env else {})
    return {"argocd/base.yaml": documents(server, SERVICE, *more), "argocd/cm.yaml": config, "argocd/edge.yaml": edge}


async def test_a_plain_manifest_gets_the_key_where_it_stands(engine: Engine) -> None:
    for config, lines in (
        (CM, ["+data:", '+  server.insecure: "true"']),
        (CM + "data:\n  a.b: c\n", ['+  server.insecure: "true"']),
        (CM + "data: {}\n", ["-data: {}", "+data:", '+  server.insecure: "true"']),
        (
            CM + "data:\n  server.insecure: 'false'  # for now\n",
            ["-  server.insecure: 'false'  # for now", "+  server.insecure: 'true'  # for now"],
        ),
    ):
        files: Files = {**APP, **installed(config)}
        (plan,) = await plans_of(engine, files, LOOP)
        assert lines_of(files, plan) == lines and plan.applicability == "safe"
        assert "restart it after the sync" in plan.caution


async def test_a_server_that_takes_nothing_from_the_config_map_gets_the_argument(engine: Engine) -> None:
    files: Files = {**APP, **installed(CM, env=False)}
    (plan,) = await plans_of(engine, files, LOOP)
    (gone, come) = lines_of(files, plan)
    assert '"args": ["/usr/local/bin/argocd-server", "--insecure"]' in come and "--insecure" not in gone


def overlaid(*entries: str, extra: str = "") -> dict[str, str | bytes]:
    """The same below vendor/, which two overlays take in; only the first one is exposed."""
    base = {path.replace("argocd/", "vendor/"): data for path, data in installed().items()}
    edge = base.pop("vendor/edge.yaml")
    return {
        "apps.yaml": documents(
            application("argocd", "first", namespace="argocd"),
            application("other", "second", namespace="argocd", server="https://b"),
        ),
        **base,
        "vendor/kustomization.yaml": kustomization("base.yaml", "cm.yaml"),
        "first/edge.yaml": edge,
        "first/kustomization.yaml": kustomization("../vendor", "edge.yaml", *entries, extra=extra),
        "second/kustomization.yaml": kustomization("../vendor"),
    }


@pytest.mark.parametrize("deployed", [True, False])
async def test_what_overlays_share_is_left_alone_and_patched_in_one_of_them(engine: Engine, deployed: bool) -> None:
    files: Files = overlaid()
    if not deployed:  # from here: somebody else may deploy it
        files = {**files, "apps.yaml": application("argocd", "first", namespace="argocd")}
    (plan,) = await plans_of(engine, files, LOOP)
    assert {edit.span.path for edit in plan.edits} == {"first/kustomization.yaml"}
    assert lines_of(files, plan) == [
        "+patches:",
        "+  - target:",
        "+      kind: ConfigMap",
        "+      name: argocd-cmd-params-cm",
        "+    patch: |-",
        "+      apiVersion: v1",
        "+      kind: ConfigMap",
        "+      metadata:",
        "+        name: argocd-cmd-params-cm",
        "+      data:",
        '+        server.insecure: "true"',
    ]


async def test_a_patch_that_is_there_already_gets_the_key(engine: Engine) -> None:
    patch = CM + "data:\n  a.b: c\n"
    files: Files = {**overlaid(extra="patches: [{path: cm.yaml}]\n"), "first/cm.yaml": patch}
    (plan,) = await plans_of(engine, files, LOOP)
    assert {edit.span.path for edit in plan.edits} == {"first/cm.yaml"}
    assert lines_of(files, plan) == ['+  server.insecure: "true"']


async def test_an_overlay_with_patches_in_its_lines_gets_one_more(engine: Engine) -> None:
    inline = (
        "patches:\n  - target: {kind: ConfigMap, name: argocd-cmd-params-cm}\n    patch: |-\n"
        "      - {op: add, path: /data, value: {a.b: c}}\n"
    )
    files: Files = overlaid(extra=inline)
    (plan,) = await plans_of(engine, files, LOOP)
    assert lines_of(files, plan)[0] == "+  - target:"


async def test_where_something_else_would_break_nothing_is_offered(engine: Engine) -> None:
    https = (
        EDGE.replace("name: argocd\n", "name: api\n", 1).replace('"HTTP"', '"HTTPS"').replace("argocd.ex", "api.ex")
    )
    open_ = SERVICE.replace('"argocd-server", "namespace"', '"open", "namespace"').replace(
        '"spec": {', '"spec": {"type": "LoadBalancer", '
    )
    doubtful = EDGE.replace("  tls: [{hosts: [argocd.example.com], secretName: argocd-tls}]\n", "")
    for files in (
        {**installed(), "argocd/api.yaml": https},  # another route speaks HTTPS
        {**installed(CM, open_)},  # and people come without any TLS
        {**installed(edge=doubtful)},  # whether TLS ends there, git does not tell
    ):
        assert await plans_of(engine, {**APP, **files}, LOOP) == ()


async def test_two_routes_to_one_server_are_mended_by_one_edit(engine: Engine) -> None:
    second = EDGE.replace("name: argocd\n", "name: api\n", 1).replace("argocd.ex", "api.ex")
    files: Files = {**APP, **installed(), "argocd/api.yaml": second}
    (plan,) = await plans_of(engine, files, LOOP)
    assert len(plan.findings) == 2


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: NAME\nversion: 1.0.0\n",
    "chart/templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cmd-params-cm}\n"
    "data: {{- range $k, $v := .Values.configs.params }}\n  {{ $k }}: {{ toString $v | quote }}\n{{- end }}\n",
    "chart/templates/server.yaml": documents(workload("argocd-server", env=WIRED), SERVICE),
    "chart/templates/edge.yaml": EDGE,
}
PARAMS = "configs:\n  params:\n    server.log.level: info\n"


@pytest.mark.parametrize(
    ("source", "files", "changed"),
    [
        ({}, {"chart/values.yaml": PARAMS}, "chart/values.yaml"),
        (
            {"helm": {"valueFiles": ["../env/prod.yaml"]}},
            {"chart/values.yaml": PARAMS, "env/prod.yaml": "configs: {params: {server.basehref: /}}\n"},
            "env/prod.yaml",
        ),
        (
            {"helm": {"valuesObject": {"configs": {"params": {"server.basehref": "/"}}}}},
            {"chart/values.yaml": PARAMS},
            "apps.yaml",
        ),
    ],
)
async def test_a_chart_gets_it_by_the_values_that_count_last(
    engine: Engine, source: dict[str, object], files: dict[str, str], changed: str
) -> None:
    chart = {**CHART, "chart/Chart.yaml": CHART["chart/Chart.yaml"].replace("NAME", "argo-cd")}
    app = application("argocd", "chart", namespace="argocd", source=source)
    whole: Files = {"apps.yaml": app, **chart, **files}
    (plan,) = await plans_of(engine, whole, LOOP)
    assert {edit.span.path for edit in plan.edits} == {changed}
    assert "server.insecure" in "".join(edit.replacement for edit in plan.edits)


async def test_a_chart_that_calls_its_values_otherwise_is_left_alone(engine: Engine) -> None:
    chart = {**CHART, "chart/Chart.yaml": CHART["chart/Chart.yaml"].replace("NAME", "mine")}
    app = application("argocd", "chart", namespace="argocd")
    assert await plans_of(engine, {"apps.yaml": app, **chart, "chart/values.yaml": PARAMS}, LOOP) == ()


async def test_values_that_stand_as_text_in_the_application_get_it_there(engine: Engine) -> None:
    chart = {**CHART, "chart/Chart.yaml": CHART["chart/Chart.yaml"].replace("NAME", "argo-cd")}
    app = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: argocd, namespace: argocd}
spec:
  project: default
  source:
    repoURL: https://github.com/acme/platform
    path: chart
    targetRevision: main
    helm:
      values: |
        # What we run it with.
        configs:
          params:
            server.basehref: /

        global: {}
  destination: {server: https://kubernetes.default.svc, namespace: argocd}
"""
    files: Files = {"apps.yaml": app, **chart, "chart/values.yaml": PARAMS}
    (plan,) = await plans_of(engine, files, LOOP)
    assert lines_of(files, plan) == ["+            server.insecure: true"]
