"""What a script deletes of Argo CD, as far as it can be read."""

from __future__ import annotations

import pytest

from gitops.installation.destroying import deletions_in

OWN = "argocd-smoke-test"
GIVEN = {"ARGOCD_NAMESPACE": "argocd", "NAMESPACE": OWN}


def told(script: str) -> list[tuple[int, str]]:
    return [(one.line, one.what) for one in deletions_in(script, {"argocd", "gitops"}, OWN, GIVEN)]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl delete namespace argocd",
        "kubectl --context staging delete ns/argocd --wait=false",
        "kubectl delete ns -l team=a gitops",
        "kubectl delete namespaces --all",
        "gone=$(kubectl delete ns argocd)",
        'kubectl delete ns "$1"',
        "for n in one argocd; do kubectl delete ns $n; done",
        "kubectl delete NS argocd",
        'kubectl delete ns "$ARGOCD_NAMESPACE"',
        "kubectl delete ns ${ARGOCD_NAMESPACE:-x}",
        "kubectl delete ns ${WHICH:-argocd}",
        'kubectl delete ns "$WHICH"',
        "kubectl delete ns $(kubectl get ns -o name | head -1)",
        "kubectl get ns -o name | grep argo | xargs kubectl delete",
        "kubectl delete ns \\\n  argocd",
        "NS=argocd\nkubectl delete ns $NS",
        "export NS='argocd'; trap 'kubectl delete ns $NS' EXIT",
        "oc delete project argocd",
        "kubectl delete crd applications.argoproj.io",
        "kubectl -n argocd delete applications --all",
        "kubectl -n argocd delete deployments --all",
        "helm uninstall argocd -n argocd",
        "curl -X DELETE https://kubernetes.default/api/v1/namespaces/argocd",
        'api.delete_namespace("argocd")',
        "kubectl delete -f install.yaml",
        "kubectl delete --filename=manifests -n argocd",
        "kubectl delete -k .",
        "kubectl -n argocd-smoke-test delete -f https://example.com/install.yaml",
        "kustomize build . | kubectl delete -f -",
        'kubectl delete -n "$NAMESPACE" -f "$FILE"',
        """python3 -c 'import os; os.system("kubectl delete ns argocd")'""",
        """python3 -c 'subprocess.run(["kubectl", "delete", "namespace", "argocd"])'""",
    ],
)
def test_what_takes_argo_cd_away_is_told_with_its_line(command: str) -> None:
    found = told(f"#!/bin/sh\nset -eu\n{command}\n")
    last = 3 + (command.count("\n") if not command.startswith("kubectl delete ns \\") else 0)
    assert [line for line, _ in found] == [last]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get ns argocd",
        "# kubectl delete ns argocd",
        'kubectl delete ns "$NAMESPACE"',
        f"kubectl delete ns {OWN}",
        "kubectl delete ns argocd-old",
        "kubectl -n argocd-smoke-test delete pods --all",
        "kubectl -n other delete deployments.apps --all",
        "for n in one two; do kubectl delete ns $n; done",
        "kubectl delete ns argocd --dry-run=client",
        "kubectl -n argocd delete pod probe",
        "kubectl delete configmap argocd -n other",
        "argocd version --server argocd-server.argocd.svc",
        "kubectl wait --for=delete pod/x -n other",
        "rm -rf /tmp/argocd",
        'kubectl delete -n "$NAMESPACE" -f /tmp/pod.yaml',
        "kubectl -n argocd-smoke-test delete --filename pod.yaml",
        """python3 -c 'print(["kubectl", "get", "namespace", "argocd"])'""",
    ],
)
def test_what_leaves_it_alone_is_not(command: str) -> None:
    assert told(f"#!/bin/sh\n{command}\n") == []


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ('subprocess.run([\n    "kubectl", "delete",\n    "namespace", "argocd",\n])', 3),
        ('ns = "argocd"\nsubprocess.check_call(("kubectl", "delete", "ns", ns))', 4),
        ("os.system(f\"kubectl delete ns {os.environ['ARGOCD_NAMESPACE']}\")", 3),
        ('run("kubectl delete ns argocd".split(), check=True)', 3),
        ('run(["kubectl"] + ["delete", "ns", sys.argv[1]])', 3),
        ('CoreV1Api().delete_namespace(name="argocd")', 3),
        ('run(["kubectl", "delete", "ns", os.environ["NAMESPACE"]])', 0),
        ('CoreV1Api().delete_namespace(os.getenv("NAMESPACE"))', 0),
        ('run(["kubectl", "get", "ns", "argocd"])  # and delete', 0),
        ("run([", 0),  # no Python, so it deletes nothing
    ],
)
def test_a_script_in_python_is_read_by_its_calls(statement: str, line: int) -> None:
    found = told(f"#!/usr/bin/env python3\nimport os, subprocess, sys\n{statement}\n")
    assert [each for each, _ in found] == ([line] if line else [])
