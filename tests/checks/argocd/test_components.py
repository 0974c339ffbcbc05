"""What the parts of an installation need of each other, and what its CRDs need of who applies them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checks.argocd.argocd_crd_needs_server_side_apply import MOST, annotated_size
from checks.model import Severity
from tests.checks.argocd.stage import APP, judged, messages, of_files, workload
from tests.scenarios import Files, application, documents, manifest

MISSING, PASSWORD, CRD = "argocd-component-missing", "argocd-redis-password", "argocd-crd-needs-server-side-apply"
CORE = ("argocd-server", "argocd-repo-server", "argocd-application-controller")
HANDED: dict[str, Any] = {"REDIS_PASSWORD": "x"}


def service(name: str, app: str = "") -> str:
    return manifest("Service", name, "argocd", spec={"selector": {"app": app or name}, "ports": [{"port": 1}]})


REPO = service("argocd-repo-server")


def test_a_service_that_the_others_ask_for_and_nothing_brings_is_an_error() -> None:
    (found,) = judged(MISSING, *map(workload, CORE), REPO)
    assert found.severity is Severity.ERROR
    assert "ask for `argocd-redis` (`--redis`), and nothing brings a Service of that name" in found.message
    assert judged(MISSING, *map(workload, CORE), REPO, service("argocd-redis")) == []


def test_another_name_is_asked_for_where_somebody_says_so() -> None:
    named = [workload(one, *(["--redis", "cache:6379"] if one != "" else [])) for one in CORE]
    (found,) = judged(MISSING, *named, REPO, service("argocd-redis"))
    assert "`cache`" in found.message
    for host in ("cache.other:6379", "redis.example.com:6379", "10.0.0.1:6379", "localhost:6379"):
        assert judged(MISSING, *(workload(one, f"--redis={host}") for one in CORE), REPO) == []


@pytest.mark.parametrize(
    ("made", "files"),
    [
        ([workload("argocd-server"), workload("argocd-repo-server")], {}),
        ([workload(one, "--sentinel=a:1") for one in CORE], {}),
        ([workload(one, env={"REDIS_SERVER": {"key": "redis.server"}}) for one in CORE], {}),
        (
            [workload(one) for one in CORE],
            {
                "up.sh": "kubectl apply -f https://raw.githubusercontent.com/argoproj/argo-cd/v3.2.2/manifests/install.yaml\n"
            },
        ),
        # What this Application brings is not known.
        (
            [workload(one) for one in CORE],
            {"more.yaml": application("more", "more", url="https://x.org/y", namespace="argocd")},
        ),
    ],
)
def test_parts_and_what_may_come_from_elsewhere_are_left_alone(made: list[str], files: Files) -> None:
    assert messages(judged(MISSING, *made, REPO, files=files)) == []


def test_files_that_nobody_deploys_are_never_complete() -> None:
    assert judged(MISSING, files={"ops/a.yaml": documents(*map(workload, CORE))}, deployed=False) == []


def redis(*args: str) -> str:
    container = {"name": "redis", "image": "redis:8", "args": list(args)}
    spec = {"template": {"metadata": {"labels": {"app": "argocd-redis"}}, "spec": {"containers": [container]}}}
    return documents(manifest("Deployment", "argocd-redis", "argocd", "apps/v1", spec=spec), service("argocd-redis"))


def test_a_redis_with_a_password_needs_others_that_have_it() -> None:
    asking = redis("--requirepass $(REDIS_PASSWORD)")
    (found,) = judged(PASSWORD, asking, workload("argocd-server"), workload("argocd-repo-server", env=HANDED))
    assert found.severity is Severity.WARNING and found.message.startswith(
        "`argocd-server` in argocd has no password"
    )
    assert judged(PASSWORD, redis(), workload("argocd-server")) == []
    for fine in (
        workload("argocd-server", env={"REDIS_CREDS_DIR_PATH": "/x"}),
        workload("argocd-server", container={"envFrom": [{"secretRef": {"name": "redis"}}]}),
        workload("argocd-server", "--redis=elsewhere.example.com:6379"),
        workload("argocd-server", "--redis=other:6379"),
        workload("argocd-notifications"),
    ):
        assert judged(PASSWORD, asking, fine) == []


def test_a_password_that_is_made_anew_needs_somebody_who_restarts_the_pods() -> None:
    def external(interval: str) -> str:
        made = {"refreshInterval": interval, "dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password"}}}]}
        return manifest("ExternalSecret", "argocd-redis", "argocd", "external-secrets.io/v1", spec=made)

    parts = [redis("--requirepass $(REDIS_PASSWORD)"), workload("argocd-server", env=HANDED)]
    (found,) = judged(PASSWORD, *parts, external("1h"))
    assert "is made anew at each refresh" in found.message
    assert judged(PASSWORD, *parts, external("0")) == []


def crd(size: int, name: str = "applicationsets.argoproj.io", **annotations: str) -> str:
    made = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"annotations": annotations, "name": name},
        "spec": {"group": "argoproj.io", "scope": "Namespaced", "x": ""},
    }
    made["spec"] |= {"x": "x" * (size - annotated_size(made))}  # type: ignore[operator]
    assert annotated_size(made) == size
    return json.dumps(made)


@pytest.mark.parametrize(("size", "refused"), [(MOST, False), (MOST + 1, True)])
def test_the_limit_is_that_of_the_api_server_to_the_byte(size: int, refused: bool) -> None:
    assert len(judged(CRD, crd(size))) == int(refused)
    assert judged(CRD, crd(size, "certificates.cert-manager.io")) == []


def test_signs_that_go_escapes_count_as_long_as_it_writes_them() -> None:
    assert annotated_size({"a": "<>&"}) - annotated_size({"a": "xxx"}) == 15


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (crd(MOST + 9), ["ServerSideApply=true"]),
        (crd(MOST + 9), ["Replace=true"]),
        (crd(MOST + 9, **{"argocd.argoproj.io/sync-options": "Prune=false, ServerSideApply=true"}), []),
    ],
)
def test_server_side_apply_and_replace_keep_nothing_in_an_annotation(text: str, options: list[str]) -> None:
    app = application("argocd", "argocd", namespace="argocd", sync={"syncOptions": options})
    assert of_files(CRD, {"apps.yaml": app, "argocd/crd.json": text}) == []


def test_the_stopgap_of_3_3_0_is_to_go_again() -> None:
    def found(version: str) -> list[str]:
        sync = {"syncOptions": ["ClientSideApplyMigration=false"]}
        app = application("argocd", "argocd", namespace="argocd", sync=sync)
        files = {"apps.yaml": app, "argocd/a.yaml": workload("argocd-server", version=version)}
        return messages(of_files(CRD, files))

    assert len(found("v3.3.2")) == 1 and found("v3.3.1") == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "kubectl apply -n argocd -f https://raw.githubusercontent.com/argoproj/argo-cd/stable/manifests/install.yaml",
            True,
        ),
        ("kubectl apply -k 'https://github.com/argoproj/argo-cd/manifests/cluster-install?ref=v3.3.0'", True),
        ("kubectl apply -f https://raw.githubusercontent.com/argoproj/argo-cd/v3.2.0/manifests/install.yaml", False),
        (
            "kubectl apply --server-side -f https://raw.githubusercontent.com/argoproj/argo-cd/v3.3.0/manifests/a.yaml",
            False,
        ),
        (
            "kubectl apply \\\n  --server-side \\\n  -f https://raw.githubusercontent.com/argoproj/argo-cd/v3.4.0/m.yaml",
            False,
        ),
        (
            "# kubectl apply -f https://raw.githubusercontent.com/argoproj/argo-cd/stable/manifests/install.yaml",
            False,
        ),
    ],
)
def test_a_script_that_applies_upstream_s_manifests_needs_it_too(line: str, told: bool) -> None:
    found = of_files(CRD, {**APP, "argocd/a.yaml": workload("argocd-server"), "up.sh": f"#!/bin/sh\n{line}\n"})
    assert [(one.span.path, one.span.line, one.severity) for one in found] == [("up.sh", 2, Severity.NOTICE)] * told
