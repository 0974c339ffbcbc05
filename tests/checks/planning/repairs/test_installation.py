"""What the rules about Argo CD's installation want is written where it stands, and followed to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from gitops.files.spans import Applicability
from tests.checks.argocd.stage import APP, params, workload
from tests.checks.planning.repairs.stage import lines_of, plans_of
from tests.scenarios import Files, application, config_map, kustomization, manifest

SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE
REPO, CONTROLLER, SERVER = "argocd-repo-server", "argocd-application-controller", "argocd-server"


def block(text: str) -> str:
    """A manifest as people write them: a list or a mapping goes over several lines."""

    def lines(value: Any, pad: str = "") -> list[str]:
        if isinstance(value, dict):
            found: list[str] = []
            for key, inner in value.items():
                nested = isinstance(inner, dict | list) and inner
                found += (
                    [f"{pad}{key}:", *lines(inner, f"{pad}  ")] if nested else [f"{pad}{key}: {json.dumps(inner)}"]
                )
            return found
        found = []
        for item in value:
            first, *rest = lines(item, f"{pad}  ") if isinstance(item, dict) else [f"{pad}  {json.dumps(item)}"]
            found += [f"{pad}- {first.strip()}", *rest]
        return found

    return "\n".join(lines(json.loads(text))) + "\n"


def deployed(*manifests: str) -> Files:
    return {**APP, **{f"argocd/{number}.yaml": block(one) for number, one in enumerate(manifests)}}


def overlaid(*manifests: str) -> Files:
    """Below an overlay whose base another Application deploys, too."""
    names = [f"{number}.yaml" for number in range(len(manifests))]
    return {
        "apps.yaml": application("argocd", "over", namespace="argocd"),
        "more.yaml": application("other", "base", server="https://b", namespace="argocd"),
        **{f"base/{name}": block(one) for name, one in zip(names, manifests, strict=True)},
        "base/kustomization.yaml": kustomization(*names),
        "over/kustomization.yaml": kustomization("../base"),
    }


def probing(port: int | str, **probe: Any) -> str:
    container = {"livenessProbe": {"httpGet": {"path": "/healthz?full=true", "port": port, **probe}}}
    return workload(REPO, container=container)


def service(name: str, port: int, target: int, component: str = CONTROLLER) -> str:
    ports = [{"name": name.rpartition("-")[2], "port": port, "targetPort": target}]
    return manifest(
        "Service", name, "argocd", spec={"selector": {"app.kubernetes.io/name": component}, "ports": ports}
    )


def ingress(protocol: str) -> str:
    name = "nginx.ingress.kubernetes.io/backend-protocol"
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    return manifest(
        "Ingress",
        "a",
        "argocd",
        "networking.k8s.io/v1",
        metadata={"annotations": {name: protocol}, "namespace": "argocd"},
        spec={
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["a.example.org"], "secretName": "a"}],
            "rules": [{"host": "a.example.org", "http": {"paths": [path]}}],
        },
    )


def labelled(**labels: str) -> str:
    return manifest(
        "PrometheusRule",
        "argocd",
        "argocd",
        "monitoring.coreos.com/v1",
        metadata={"namespace": "argocd", "labels": labels},
        spec={"groups": [{"name": "argocd", "rules": [{"alert": "A", "expr": "argocd_app_info > 0"}]}]},
    )


PROMETHEUS = manifest(
    "Prometheus",
    "k8s",
    "argocd",
    "monitoring.coreos.com/v1",
    spec={"ruleSelector": {"matchLabels": {"release": "kps"}}},
)
REPLICAS = "ARGOCD_CONTROLLER_REPLICAS"


@pytest.mark.parametrize(
    ("rule", "manifests", "applicability", "lines"),
    [
        (
            "argocd-unknown-flag",
            [workload(CONTROLLER, "--repo-server-timeout", "60", "--cache-expiration=1h")],
            SAFE,
            [
                '-            - "--repo-server-timeout"',
                '+            - "--repo-server-timeout-seconds"',
                '-            - "--cache-expiration=1h"',
                '+            - "--app-state-cache-expiration=1h"',
            ],
        ),
        (
            "argocd-unknown-flag",
            [workload(REPO, "--no-such", "5", "--parallelismlimit=3", "--nor-this=a", "--nor-that")],
            UNSAFE,
            [
                '-            - "--no-such"',
                '-            - "5"',
                '-            - "--nor-this=a"',
                '-            - "--nor-that"',
            ],
        ),
        (
            "argocd-unknown-flag",
            [workload(SERVER, command=[SERVER, "--insecure"], container={"args": [f"/usr/local/bin/{SERVER}"]})],
            SAFE,
            [
                "-          command:",
                '-            - "argocd-server"',
                '-            - "--insecure"',
                "+            - --insecure",
            ],
        ),
        (
            "argocd-start-conflict",
            [workload(REPO, "--disable-tls", version="v3.5.1")],
            SAFE,
            ["+            - --client-ca-path="],
        ),
        (
            "argocd-wrong-port",
            [probing(8081)],
            SAFE,
            [
                '-              path: "/healthz?full=true"',
                "-              port: 8081",
                '+              path: "/healthz"',
                "+              port: 8084",
            ],
        ),
        (
            "argocd-wrong-port",
            [workload(CONTROLLER), service("argocd-metrics", 8082, 8084)],
            SAFE,
            ["-      targetPort: 8084", "+      targetPort: 8082"],
        ),
        (
            "argocd-wrong-port",
            [workload(SERVER), service("https", 443, 8083, SERVER)],
            UNSAFE,
            ["-      targetPort: 8083", "+      targetPort: 8080"],
        ),
        (
            "argocd-param-without-effect",
            [workload(SERVER), params(applicationsetcontroller__tokenref__strict__mode="true")],
            UNSAFE,
            [
                '-  applicationsetcontroller.tokenref.strict.mode: "true"',
                '+  applicationsetcontroller.enable.tokenref.strict.mode: "true"',
            ],
        ),
        (
            "argocd-param-without-effect",
            [
                workload(
                    SERVER, env={"ARGOCD_NO_SUCH": "a", "ARGOCD_SERVER_INSECURE": "false", "ARGOCD_NOR_THIS": "b"}
                )
            ],
            UNSAFE,
            [
                '-            - name: "ARGOCD_NO_SUCH"',
                '-              value: "a"',
                '-            - name: "ARGOCD_NOR_THIS"',
                '-              value: "b"',
            ],
        ),
        (
            "argocd-backend-protocol",
            [workload(SERVER, "--insecure"), service("web", 80, 8080, SERVER), ingress("HTTPS")],
            SAFE,
            [
                '-    nginx.ingress.kubernetes.io/backend-protocol: "HTTPS"',
                '+    nginx.ingress.kubernetes.io/backend-protocol: "HTTP"',
            ],
        ),
        (
            "argocd-controller-kind",
            [workload(CONTROLLER, kind="StatefulSet", env={REPLICAS: "3"}, spec={"replicas": 2})],
            SAFE,
            ['-              value: "3"', '+              value: "2"'],
        ),
        (
            "alerts-not-loaded",
            [PROMETHEUS, workload(SERVER), labelled(a="b")],
            SAFE,
            ["+    release: kps"],
        ),
    ],
)
async def test_what_is_wanted_is_written_where_it_stands(
    engine: Engine, rule: str, manifests: list[str], applicability: Applicability, lines: list[str]
) -> None:
    files = deployed(*manifests)
    plans = await plans_of(engine, files, rule)
    assert {plan.applicability for plan in plans} == {applicability}
    assert [line for plan in plans for line in lines_of(files, plan)] == lines


@pytest.mark.parametrize(
    ("rule", "manifests", "tested"),
    [
        ("argocd-unknown-flag", [workload(REPO, "--no-such", "--parallelismlimit=3")], True),
        ("alerts-not-loaded", [PROMETHEUS, workload(SERVER), labelled(a="b")], False),
        ("argocd-controller-kind", [workload(CONTROLLER, kind="StatefulSet", spec={"replicas": 2})], False),
    ],
)
async def test_what_others_deploy_too_is_patched_in_the_overlay(
    engine: Engine, rule: str, manifests: list[str], tested: bool
) -> None:
    """Of the other Application the same is found, and both are tried together: each has an overlay of its own."""
    files = overlaid(*manifests)
    other = files["more.yaml"]
    assert isinstance(other, str)
    files = {
        **files,
        "more.yaml": other.replace('"base"', '"second"'),
        "second/kustomization.yaml": kustomization("../base"),
    }
    plans = await plans_of(engine, files, rule)
    assert plans
    for plan in plans:
        paths = {edit.span.path for edit in plan.edits}
        # Both at once, where the base says it and nobody else reads that.
        assert all(path.startswith("base/") for path in paths) or paths <= {
            "over/kustomization.yaml",
            "second/kustomization.yaml",
        }
        lines = lines_of(files, plan)
        assert not tested or paths == {"base/0.yaml"} or any("op: test" in line for line in lines)


async def test_a_sync_option_is_added_to_the_application_and_taken_out(engine: Engine) -> None:
    long = {"properties": {f"p{n}": {"description": "d" * 900, "type": "string"} for n in range(300)}}
    crd = manifest("CustomResourceDefinition", "a.argoproj.io", api="apiextensions.k8s.io/v1", spec=long)
    made = block(application("argocd", "argocd", namespace="argocd"))
    for tail, lines in (
        ("", ["+  syncPolicy:", "+    syncOptions:", "+    - ServerSideApply=true"]),
        (
            "  syncPolicy:\n    syncOptions:\n      - CreateNamespace=true\n",
            ["+      - ServerSideApply=true"],
        ),
        (
            "  syncPolicy: {syncOptions: [CreateNamespace=true]}\n",
            [
                "-  syncPolicy: {syncOptions: [CreateNamespace=true]}",
                "+  syncPolicy: {syncOptions: [CreateNamespace=true, ServerSideApply=true]}",
            ],
        ),
    ):
        files: Files = {"apps.yaml": made + tail, "argocd/crd.yaml": crd}
        (plan,) = await plans_of(engine, files, "argocd-crd-needs-server-side-apply")
        assert plan.applicability is SAFE and lines_of(files, plan) == lines
    stopgap = (
        "  syncPolicy:\n    syncOptions:\n      - ServerSideApply=true\n      - ClientSideApplyMigration=false\n"
    )
    files = {"apps.yaml": made + stopgap, "argocd/s.yaml": workload(SERVER, version="v3.3.2")}
    (plan,) = await plans_of(engine, files, "argocd-crd-needs-server-side-apply")
    assert lines_of(files, plan) == ["-      - ClientSideApplyMigration=false"]


async def test_files_that_nobody_deploys_are_mended_too_and_nothing_is_rendered_otherwise(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": application("shop", "shop"),
        "shop/a.yaml": config_map("a"),
        "ops/repo.yaml": block(workload(REPO, "--no-such", "--disable-tls", version="v3.5.1")),
    }
    flags = await plans_of(engine, files, "argocd-unknown-flag")
    (start,) = await plans_of(engine, files, "argocd-start-conflict")
    assert len(flags) == 1 and start.proof.rows[0].statement == "What is rendered stays as it is"


async def test_a_script_and_a_value_that_somebody_else_decides_are_left_alone(engine: Engine) -> None:
    shell = workload(REPO, command=["sh", "-c", "argocd-repo-server --no-such --disable-tls"], version="v3.5.1")
    assert await plans_of(engine, deployed(shell), "argocd-start-conflict") == ()
    taken = workload(CONTROLLER, kind="StatefulSet", env={REPLICAS: {"key": "replicas"}}, spec={"replicas": 2})
    assert await plans_of(engine, deployed(taken, params(replicas="3")), "argocd-controller-kind") == ()
    two = [workload(SERVER, "--insecure"), service("web", 80, 8080, SERVER), ingress("HTTPS")]
    second = ingress("HTTP").replace('"name": "a"', '"name": "b"').replace("a.example", "b.example")
    assert await plans_of(engine, deployed(*two, second), "argocd-backend-protocol") == ()


async def test_parts_that_are_behind_get_the_tag_of_the_others(engine: Engine) -> None:
    behind = workload(REPO, version="v3.1.0")
    (plan,) = await plans_of(engine, deployed(workload(SERVER), behind), "argocd-mixed-versions")
    files = deployed(workload(SERVER), behind)
    assert plan.applicability is SAFE and plan.title == "Run all of Argo CD in argocd in v3.2.2"
    assert [line.strip("+- ") for line in lines_of(files, plan)] == [
        'image: "quay.io/argoproj/argocd:v3.1.0"',
        'image: "quay.io/argoproj/argocd:v3.2.2"',
    ]
    shared = overlaid(workload(SERVER), behind)
    (plan,) = await plans_of(engine, shared, "argocd-mixed-versions")
    assert lines_of(shared, plan) == ["+images:", "+  - name: quay.io/argoproj/argocd", "+    newTag: v3.2.2"]


async def test_no_part_is_moved_to_a_version_that_it_would_not_start_in(engine: Engine) -> None:
    behind = workload(REPO, "--disable-tls", version="v3.4.0")
    files = deployed(workload(SERVER, version="v3.5.1"), behind)
    assert await plans_of(engine, files, "argocd-mixed-versions") == ()
