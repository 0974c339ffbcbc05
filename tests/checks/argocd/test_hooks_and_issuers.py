"""Hooks that go too far or come too early, and issuers that nobody brings."""

from __future__ import annotations

from typing import Any

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import APP, messages, of_files, workload
from tests.scenarios import Files, application, documents, manifest

DELETES, EARLY, ISSUER = "hook-deletes-argo-cd", "hook-tests-old-version", "cluster-issuer-missing"


def job(
    script: str, phase: str = "PostSync", name: str = "job", env: str = "", key: str = "argocd.argoproj.io/hook"
) -> str:
    container: dict[str, Any] = {"name": "job", "image": "tools", "command": ["sh", "-c", script]}
    container |= {"env": [{"name": "TARGET", "value": env}]} if env else {}
    spec = {"template": {"spec": {"containers": [container]}}}
    return manifest("Job", name, "shop", "batch/v1", spec=spec, metadata={"annotations": {key: phase}})


def beside(*manifests: str) -> Files:
    """Argo CD in `argocd`, and these manifests in the Application `shop`."""
    apps = documents(APP["apps.yaml"], application("shop", "shop"))
    return {"apps.yaml": apps, "argocd/a.yaml": workload("argocd-server"), "shop/a.yaml": documents(*manifests)}


@pytest.mark.parametrize(
    ("script", "gone"),
    [
        ("kubectl delete namespace argocd", "namespace"),
        ("kubectl delete --wait=false ns argocd", "namespace"),
        ("set -e; ./run; kubectl --context x delete ns/argocd", "namespace"),
        ("kubectl delete \\\n  namespace \\\n  argocd", "namespace"),
        ("oc delete project argocd", "namespace"),
        ("kubectl delete crd applications.argoproj.io", "CRD"),
        ("kubectl -n argocd delete applications --all", "every Application"),
        ("kubectl delete namespace test", ""),
        ("kubectl delete namespace $NAMESPACE", ""),
        ("kubectl delete pod -n argocd -l app=x", ""),
        ("kubectl delete configmap argocd", ""),
        ("kubectl get namespace argocd", ""),
        ("kubectl delete crd widgets.example.com", ""),
        ("argocd app delete shop-preview", ""),
        # As scripts say it that were not written to be read.
        ("for ns in shop argocd; do kubectl delete ns $ns; done", "namespace"),
        ("NS=argocd; out=$(kubectl delete ns $NS 2>&1) || true", "namespace"),
        ("kubectl delete Namespace argocd", "namespace"),
        ("kubectl delete namespaces --all", "every namespace"),
        ("kubectl delete -f - <<EOF\nkind: Namespace\nmetadata:\n  name: argocd\nEOF", "namespace"),
        (
            "kubectl delete -k 'https://github.com/argoproj/argo-cd/manifests/ha/cluster-install?ref=v3.2.2'",
            "own manifests",
        ),
        ("helm uninstall argocd -n argocd", "release of Helm"),
        ("kubectl -n argocd delete deploy,sts --all", "all of a kind"),
        ("kubectl -n argocd delete applicationsets --all", "every ApplicationSet"),
        ("kubectl delete crd -l app.kubernetes.io/part-of=argocd", "CRD"),
        ("curl -X DELETE https://kubernetes.default/api/v1/namespaces/argocd", "namespace"),
        # What it only may delete is no error, nor what it says or tries.
        ("kubectl delete -f - <<EOF\nkind: Namespace\nmetadata:\n  name: test\nEOF\necho argocd", ""),
        ("kubectl delete -f /tests/job.yaml", ""),
        ("kubectl get ns -o name | grep preview | xargs kubectl delete", ""),
        ("helm uninstall preview -n argocd", ""),
        ("kubectl -n argocd delete pods --all", ""),
        ("kubectl -n test delete deployments.apps --all", ""),
        ("kubectl -n test delete applications --all", ""),
        ("echo 'never kubectl delete ns argocd here'", ""),
        ("if true; then echo kubectl delete ns argocd; fi; log 'run: kubectl delete ns argocd'", ""),
        ("echo kubectl delete ns argocd | sh", "namespace"),
        ("echo gone; kubectl delete ns argocd", "namespace"),
        ("kubectl delete ns argocd --dry-run=server", ""),
        ("# kubectl delete ns argocd", ""),
        ("curl -X DELETE https://kubernetes.default/api/v1/namespaces/argocd/pods/probe", ""),
    ],
)
def test_what_a_hook_deletes_of_argo_cd_is_an_error(script: str, gone: str) -> None:
    found = of_files(DELETES, beside(job(script)))
    assert [gone in one.message for one in found] == ([True] if gone else [])
    assert {one.severity for one in found} <= {Severity.ERROR}


@pytest.mark.parametrize(
    ("command", "env", "gone"),
    [
        (["python3", "-c", 'import subprocess\nsubprocess.run([\n  "kubectl", "delete",\n  "ns", "argocd"])'], [], 1),
        (["python3", "-c", 'CoreV1Api().delete_namespaced_pod("probe", "argocd")'], [], 0),
        (["kubectl", "delete", "namespace", "$(NS)"], [], 0),
        (["sh", "-c", "kubectl delete ns $NS"], [{"name": "NS", "value": "argocd"}], 1),
        (["sh", "-c", "kubectl delete ns $NS"], [{"name": "NS", "value": "test"}], 0),
        (["sh", "-c", "kubectl delete ns $NS"], [{"name": "NS", "value": "$(OTHER)"}], 0),
        (["bash", "-c", "kubectl delete ns $NS"], [{"name": "NS", "valueFrom": {"secretKeyRef": {}}}], 0),
        (
            ["bash", "-c", "kubectl delete ns $NS"],
            [{"name": "NS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}],
            0,
        ),
    ],
)
def test_a_hook_is_read_with_its_interpreter_and_its_environment(
    command: list[str], env: list[dict[str, object]], gone: int
) -> None:
    spec = {"template": {"spec": {"containers": [{"name": "j", "image": "x", "command": command, "env": env}]}}}
    hook = {"annotations": {"argocd.argoproj.io/hook": "PostSync"}}
    assert len(of_files(DELETES, beside(manifest("Job", "j", "shop", "batch/v1", spec=spec, metadata=hook)))) == gone


def test_a_script_in_a_mounted_config_map_is_the_hook_s_too_and_other_jobs_are_none() -> None:
    text = manifest("ConfigMap", "script", "shop", data={"run.sh": "kubectl delete ns argocd"})
    pod = {"containers": [{"name": "j", "image": "x"}], "volumes": [{"name": "s", "configMap": {"name": "script"}}]}
    spec = {"template": {"spec": pod}}
    hook = {"annotations": {"argocd.argoproj.io/hook": "Sync"}}
    mounted = manifest("Job", "j", "shop", "batch/v1", spec=spec, metadata=hook)
    assert len(of_files(DELETES, beside(text, mounted))) == 1
    told = 'run([\n  "kubectl",\n  "delete",\n  "ns",\n  "argocd",\n])'
    python = manifest("ConfigMap", "script", "shop", data={"clean.py": told})
    assert len(of_files(DELETES, beside(python, mounted))) == 1
    assert of_files(DELETES, beside(text, manifest("Job", "j", "shop", "batch/v1", spec=spec))) == []
    elsewhere = {**beside(job("kubectl delete ns argocd")), "argocd/a.yaml": manifest("ConfigMap", "a", data={})}
    assert of_files(DELETES, elsewhere) == []


SERVICE = manifest("Service", "web", "shop", spec={"selector": {"app": "web"}})


@pytest.mark.parametrize(
    ("made", "early"),
    [
        (job("curl http://web/healthz", "PreSync", "smoke-test"), True),
        (job("curl -f http://web.shop.svc:8080", "PreSync,PostSync", "verify"), True),
        (job("npm run test:e2e", "PreSync", env="http://web:80"), True),
        (job("pytest", "pre-upgrade", env="web", key="helm.sh/hook"), True),
        (job("curl http://web/healthz", "PostSync", "smoke-test"), False),
        (job("curl http://web/healthz", "post-upgrade", "smoke-test", key="helm.sh/hook"), False),
        (job("curl http://other/healthz", "PreSync", "smoke-test"), False),
        (job("curl http://webshop/healthz", "PreSync", "smoke-test"), False),
        (job("wget http://web/seed.sql && psql", "PreSync", "migrate"), False),
        (job("echo web", "PreSync", "smoke-test"), False),
        # A script that prepares something says such words too.
        (job("verify() { test -f /x; }; curl http://web/bucket", "PreSync", "make-buckets"), False),
        (job("curl http://web/ # smoke", "PreSync", "web-init-job"), False),
    ],
)
def test_a_test_before_the_sync_asks_the_version_before(made: str, early: bool) -> None:
    assert len(of_files(EARLY, beside(made, SERVICE))) == int(early)


def issuer(name: str, kind: str = "ClusterIssuer", **spec: Any) -> str:
    return manifest(kind, name, "" if kind == "ClusterIssuer" else "shop", "cert-manager.io/v1", spec=spec)


def asking(**annotations: str) -> str:
    written = {f"cert-manager.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return manifest("Ingress", "web", "shop", "networking.k8s.io/v1", spec={}, metadata={"annotations": written})


def certificate(name: str, **reference: str) -> str:
    spec = {"issuerRef": {"name": name, **reference}}
    return manifest("Certificate", "web", "shop", "cert-manager.io/v1", spec=spec)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([issuer("letsencrypt-prod"), asking(cluster_issuer="letsencrypt-prd")], "git has `letsencrypt-prod`"),
        ([issuer("a"), certificate("b", kind="ClusterIssuer")], "asks for the ClusterIssuer `b`"),
        ([issuer("a", "Issuer"), certificate("b")], "asks for the Issuer `b`"),
        ([issuer("a"), asking(cluster_issuer="a")], ""),
        ([issuer("a", "Issuer"), certificate("a")], ""),
        ([asking(cluster_issuer="a")], ""),
        ([issuer("a"), certificate("b", kind="Private", group="example.com")], ""),
        ([issuer("a"), asking(issuer="of-the-namespace")], ""),
        # cert-manager reads annotations of Ingresses and Gateways.
        ([issuer("a"), asking(cluster_issuer="b").replace("networking.k8s.io/v1", "apisix.apache.org/v2")], ""),
        ([issuer("a", "Issuer"), asking(cluster_issuer="a")], "git has an Issuer of that name"),
        ([issuer("a", "Issuer"), asking(cluster_issuer="made-elsewhere")], ""),  # none of the kind is in git
    ],
)
def test_an_issuer_that_nobody_brings_issues_nothing(made: list[str], said: str) -> None:
    found = messages(of_files(ISSUER, beside(*made)))
    assert [said in one for one in found] == ([True] if said else [])


def test_the_name_that_was_probably_meant_is_told() -> None:
    (found,) = of_files(ISSUER, beside(issuer("letsencrypt-prod"), asking(cluster_issuer="letsencrypt-prd")))
    assert found.severity is Severity.ERROR
    assert found.topic.advice == "Write `letsencrypt-prod`, or bring `letsencrypt-prd`."


def test_where_something_could_not_be_rendered_it_is_a_warning() -> None:
    files = beside(issuer("a"), asking(cluster_issuer="b"))
    more = documents(str(files["apps.yaml"]), application("more", "more", url="https://example.org/x"))
    assert [one.severity for one in of_files(ISSUER, {**files, "apps.yaml": more})] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("value", "told"),
    [("<AZURE_CLIENT_ID>", True), ("REPLACE_ME", True), ("0b1c", False), ("https://acme.example.com", False)],
)
def test_a_placeholder_in_an_issuer_is_told_by_its_field_alone(value: str, told: bool) -> None:
    made = issuer("a", acme={"solvers": [{"dns01": {"azureDNS": {"clientID": value}}}]})
    found = of_files(ISSUER, beside(made))
    assert len(found) == int(told)
    assert all("`spec.acme.solvers[0].dns01.azureDNS.clientID`" in one.message for one in found)
