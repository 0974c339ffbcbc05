"""Settings that do not go together, by the version that refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import judged, messages, params, workload

RULE = "argocd-start-conflict"
DISABLED = {"ARGOCD_REPO_SERVER_DISABLE_TLS": {"key": "reposerver.disable.tls"}}
SHARDS = {"ARGOCD_CONTROLLER_REPLICAS": "2"}
DYNAMIC = {"ARGOCD_ENABLE_DYNAMIC_CLUSTER_DISTRIBUTION": "true"}
CONTROLLER = "argocd-application-controller"


def repo_server(*args: str, **more: Any) -> str:
    return workload("argocd-repo-server", *args, **{"version": "v3.5.1", **more})


@pytest.mark.parametrize(
    "made",
    [
        [repo_server("--disable-tls")],
        [repo_server("--disable-tls=true")],
        [repo_server(env={"ARGOCD_REPO_SERVER_DISABLE_TLS": "true"})],
        [repo_server(env=DISABLED), params(reposerver__disable__tls="true")],
        [repo_server("--disable-tls", "--client-ca-path=/x")],
        # An empty variable is passed over, and the default is a path.
        [repo_server("--disable-tls", env={"ARGOCD_REPO_SERVER_CLIENT_CA_PATH": ""})],
        [repo_server("--disable-tls", version="v3.5.7")],
    ],
)
def test_a_repo_server_without_tls_does_not_start_from_3_5_on(made: list[str]) -> None:
    (found,) = judged(RULE, *made)
    assert found.severity is Severity.ERROR
    assert "TLS is switched off" in found.message
    assert found.topic.commands == "- --client-ca-path="


@pytest.mark.parametrize(
    "made",
    [
        [repo_server("--disable-tls", version="v3.4.7")],
        [repo_server("--disable-tls", "--client-ca-path=")],
        [repo_server("--disable-tls", "--client-ca-path", "")],
        [repo_server("--disable-tls=false")],
        [repo_server("--disable-tls=false", env={"ARGOCD_REPO_SERVER_DISABLE_TLS": "true"})],
        # Not handed on, so it has no effect.
        [repo_server(), params(reposerver__disable__tls="true")],
        # Its value is not in git.
        [repo_server(env=DISABLED)],
        [repo_server(env=DISABLED), params(reposerver__disable__tls="false")],
        [repo_server("--disable-tls", version="latest")],
        [repo_server("--disable-tls=$(OFF)")],
    ],
)
def test_with_the_empty_path_or_where_nobody_can_tell_there_is_nothing(made: list[str]) -> None:
    assert messages(judged(RULE, *made)) == []


def test_the_finding_stands_at_the_key_that_sets_it() -> None:
    (found,) = judged(RULE, repo_server(env=DISABLED), params(reposerver__disable__tls="true"))
    assert found.span.path == "argocd/1.yaml"


@pytest.mark.parametrize(("version", "level"), [("v2.9.0", Severity.ERROR), ("v2.10.0", Severity.WARNING)])
def test_shards_need_pods_with_numbers(version: str, level: Severity) -> None:
    (found,) = judged(RULE, workload(CONTROLLER, version=version, env=SHARDS))
    assert found.severity is level
    for kind, env in (
        ("StatefulSet", SHARDS),
        ("Deployment", {**SHARDS, "ARGOCD_CONTROLLER_SHARD": "0"}),
        ("Deployment", {"ARGOCD_CONTROLLER_REPLICAS": "1"}),
    ):
        assert judged(RULE, workload(CONTROLLER, version=version, kind=kind, env=env)) == []


def test_dynamic_distribution_needs_the_deployment() -> None:
    assert judged(RULE, workload(CONTROLLER, env={**SHARDS, **DYNAMIC})) == []
    (found,) = judged(RULE, workload(CONTROLLER, kind="StatefulSet", env=DYNAMIC))
    assert "asks for the Deployment `argocd-application-controller`" in found.message
    named = {**DYNAMIC, "ARGOCD_APPLICATION_CONTROLLER_NAME": "my-controller"}
    assert judged(RULE, workload(CONTROLLER, name="my-controller", env=named)) == []


@pytest.mark.parametrize(
    ("component", "argument", "wrong"),
    [
        ("argocd-server", "--loglevel=verbose", True),
        ("argocd-server", "--loglevel=WARN", False),
        ("argocd-server", "--logformat=xml", True),
        ("argocd-server", "--logformat=JSON", False),
        ("argocd-server", "--redis-compress=zstd", True),
        ("argocd-server", "--redis-compress=none", False),
        ("argocd-repo-server", "--max-combined-directory-manifests-size=10 MB", True),
        ("argocd-repo-server", "--max-combined-directory-manifests-size=10M", False),
        ("argocd-repo-server", "--tlsminversion=1.3", False),
        ("argocd-repo-server", "--tlsminversion=1.4", True),
        ("argocd-repo-server", "--tlsmaxversion=1.1", True),
    ],
)
def test_words_and_sizes_that_do_not_exist(component: str, argument: str, wrong: bool) -> None:
    assert len(judged(RULE, workload(component, argument))) == int(wrong)


def test_a_link_that_is_made_once_and_an_image_that_was_never_published() -> None:
    def linking(how: str) -> str:
        script = f"/bin/cp /usr/local/bin/argocd /var/run/argocd/argocd && /bin/ln {how} /var/run/argocd/argocd "
        init = {
            "name": "copyutil",
            "image": "x",
            "command": ["sh", "-c"],
            "args": [script + "/var/run/argocd/argocd-cmp-server"],
        }
        return workload("argocd-repo-server", version="v3.3.0", pod={"initContainers": [init]})

    (found,) = judged(RULE, linking("-s"))
    assert found.severity is Severity.WARNING and judged(RULE, linking("-sf")) == []
    (gone,) = judged(RULE, workload("argocd-server", version="v2.14.0-rc7"))
    assert "never published" in gone.message and judged(RULE, workload("argocd-server", version="v2.14.1")) == []


def test_a_file_that_nobody_deploys_is_judged_one_step_lower() -> None:
    (found,) = judged(RULE, files={"ops/a.yaml": repo_server("--disable-tls")}, deployed=False)
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (("--repo-server-client-cert-path=",), True),
        (("--repo-server-client-cert-path", "", "--repo-server-client-cert-key-path", ""), False),
        (("--repo-server-client-cert-key-path=", "--repo-server-client-cert-path=/a"), True),
        ((), False),
    ],
)
def test_a_client_certificate_takes_both_of_its_paths_or_neither(made: tuple[str, ...], told: bool) -> None:
    assert len(judged(RULE, workload("argocd-server", *made, version="v3.5.1"))) == int(told)


@pytest.mark.parametrize(
    ("path", "told"), [("/certs/ca.crt", False), ("/other/ca.crt", True), ("/etc/ssl/certs/ca.crt", False)]
)
def test_the_certificate_of_the_repo_server_has_to_be_mounted(path: str, told: bool) -> None:
    mounts = {"volumeMounts": [{"name": "a", "mountPath": "/certs"}]}
    server = workload("argocd-server", f"--repo-server-ca-cert-path={path}", version="v3.5.1", container=mounts)
    assert len(judged(RULE, server)) == int(told)
    assert judged(RULE, workload("argocd-server", f"--repo-server-ca-cert-path={path}", version="v3.5.1")) == []
