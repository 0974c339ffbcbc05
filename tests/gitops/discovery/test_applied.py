"""What scripts apply, read from their text."""

from __future__ import annotations

import pytest

from gitops.discovery.applied import ARGO_HELM, OPEN, Applied, applied_by

HELM = (
    "helm upgrade --install argocd argo/argo-cd -n argocd -f values.yaml --set server.insecure=true --version 7.1.0"
)


def one(text: str, path: str = "up.sh") -> Applied:
    (found,) = applied_by(path, text)
    return found


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("kubectl apply -k argocd", "argocd"),
        ("kubectl --context prod -n argocd apply --server-side --kustomize=argocd/", "argocd/"),
        ("set -e; kubectl create -k 'argocd'", "argocd"),
        ("\t@$(KUBECTL) apply -k argocd", "argocd"),
        ("oc apply -k argocd", "argocd"),
        ("kustomize build argocd | kubectl apply -f -", "argocd"),
        (
            "$(KUSTOMIZE) build --load-restrictor LoadRestrictionsNone argocd | envsubst | kubectl apply -f -",
            "argocd",
        ),
        ("kubectl kustomize argocd | kubectl apply --server-side -f-", "argocd"),
        ("bash -c 'kubectl apply -k argocd'", "argocd"),
        ('command = "kubectl apply -k ${path.module}/argocd"', f"{OPEN}/argocd"),
        ("kubectl apply -k overlays/$ENV", f"overlays/{OPEN}"),
        ("kubectl apply -k overlays/${{ matrix.env }}", f"overlays/{OPEN}"),
        ("kubectl apply -k overlays/{{.ENV}}/argocd", f"overlays/{OPEN}/argocd"),
        ("ENV=prod\nkubectl apply -k overlays/$ENV", "overlays/prod"),
        ("ENV ?= prod\nup:\n\tkubectl apply -k overlays/$(ENV)", "overlays/prod"),
        ("ENV=prod\nENV=dev\nkubectl apply -k overlays/${ENV}", f"overlays/{OPEN}"),
        ('kubectl apply -k "$(dirname "$0")/../argocd"', f"{OPEN}/../argocd"),
        ("kubectl apply \\\n  -k argocd", "argocd"),
        ("Run `kubectl apply -k argocd/<env>` first.", f"argocd/{OPEN}"),
        ("$ kubectl apply -k argocd # comment", "argocd"),
        ("kubectl apply -f argocd/install.yaml", "argocd/install.yaml"),
        ("helm install argocd ./charts/argo --create-namespace", "./charts/argo"),
    ],
)
def test_what_a_command_applies(text: str, path: str) -> None:
    assert one(text).path == path


@pytest.mark.parametrize(
    "text",
    [
        "# kubectl apply -k argocd",
        "kubectl apply --dry-run=server -k argocd",
        "kubectl diff -k argocd",
        "kubectl delete -k argocd",
        "kustomize build argocd > argocd.yaml",
        "kustomize build argocd | kubeconform",
        "kustomize build argocd | kubectl diff -f -",
        "kubectl apply -f https://raw.githubusercontent.com/argoproj/argo-cd/stable/manifests/install.yaml",
        "kubectl apply -f -",
        "helm template argocd argo/argo-cd > argocd.yaml",
        "helm upgrade argocd argo/argo-cd",  # what is there already
        "helm upgrade --install redis bitnami/redis",
        "helm upgrade --install --dry-run argocd argo/argo-cd",
        "echo done",
    ],
)
def test_what_applies_nothing(text: str) -> None:
    assert applied_by("up.sh", text) == ()


def test_a_chart_with_all_that_it_is_given() -> None:
    found = one(HELM)
    assert (found.chart, found.release, found.repository, found.version) == (True, "argocd", ARGO_HELM, "7.1.0")
    assert (found.values, found.settings) == (("values.yaml",), (("server.insecure", "true"),))
    assert found.namespace == "argocd"
    named = one("helm repo add mine https://charts.example.com\n" + HELM.replace("argo/", "mine/"))
    assert (named.repository, named.span.line) == ("https://charts.example.com", 2)
    assert (
        one(HELM.replace("argo/argo-cd", "oci://ghcr.io/argoproj/argo-helm/argo-cd")).repository
        == "ghcr.io/argoproj/argo-helm"
    )
    assert one(HELM.replace("argo/argo-cd", "argo-cd --repo https://x.example")).repository == "https://x.example"


def test_from_where_a_path_is_meant() -> None:
    assert one("kubectl apply -k argocd", "ops/up.sh").bases == ("ops", "")
    assert one("kubectl apply -k argocd", ".github/workflows/up.yaml").bases == ("",)
    assert one("cd infra && kubectl apply -k .", "up.sh").bases == ("", "infra")
    workflow = "working-directory: ./infra\nrun: kubectl apply -k argocd"
    assert one(workflow, ".github/workflows/up.yaml").bases == ("", "infra")


def test_whether_charts_are_inflated_and_files_are_found_below() -> None:
    assert one("kustomize build --enable-helm argocd | kubectl apply -f -").inflates
    found = applied_by("up.sh", "kubectl apply -n argocd -R -f a,b.yaml -f c")
    assert [(each.path, each.recurses, each.namespace) for each in found] == [
        ("a", True, "argocd"),
        ("b.yaml", True, "argocd"),
        ("c", True, "argocd"),
    ]
