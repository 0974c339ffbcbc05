"""A generated monorepo: 1,000 kustomize Applications over twenty shared bases, the same bytes each time."""

from __future__ import annotations

import subprocess
from pathlib import Path

BASES = 20
ON_FIRST_BASE = 100
URL = "https://github.com/acme/monorepo"


def files(applications: int = 1_000) -> dict[str, str]:
    """Path to content. Applications 0 to 99 are on base 0, the others spread over the other bases."""
    result: dict[str, str] = {}
    for number in range(BASES):
        result |= _base(number)
    for number in range(applications):
        base = 0 if number < ON_FIRST_BASE else 1 + number % (BASES - 1)
        result |= _application(number, base)
    elements = "".join(
        f"          - name: app-{number:04}\n            path: apps/app-{number:04}\n"
        for number in range(applications // 2, applications)
    )
    result["bootstrap/sets/all.yaml"] = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\nspec:\n"
        f"  generators:\n    - list:\n        elements:\n{elements}"
        "  template:\n    metadata: {name: '{{name}}'}\n    spec:\n"
        f"      source: {{repoURL: {URL}, targetRevision: HEAD, path: '{{{{path}}}}'}}\n"
        "      destination: {server: https://kubernetes.default.svc, namespace: '{{name}}'}\n"
    )
    result["bootstrap/root.yaml"] = _manifest("root", "bootstrap/sets", "argocd")
    for number in range(applications // 2):
        name = f"app-{number:04}"
        result[f"bootstrap/sets/{name}.yaml"] = _manifest(name, f"apps/{name}", name)
    return result


def write(directory: Path, applications: int = 1_000) -> None:
    """The monorepo as a git repository with one commit."""
    for path, text in files(applications).items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    git(directory, "init", "--quiet", "--initial-branch=main")
    git(directory, "remote", "add", "origin", URL)
    commit(directory, "All of it")


def commit(directory: Path, message: str) -> str:
    git(directory, "add", "--all")
    git(directory, "-c", "user.name=b", "-c", "user.email=b@example", "commit", "--quiet", "--message", message)
    return git(directory, "rev-parse", "HEAD")


def git(directory: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=directory, check=True, capture_output=True, text=True).stdout.strip()


def _manifest(name: str, path: str, namespace: str) -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n"
        f"  project: default\n  source:\n    repoURL: {URL}\n    targetRevision: HEAD\n    path: {path}\n"
        f"  destination:\n    server: https://kubernetes.default.svc\n    namespace: {namespace}\n"
    )


def _base(number: int) -> dict[str, str]:
    root = f"bases/base-{number:02}"
    return {
        f"{root}/kustomization.yaml": "resources:\n  - deployment.yaml\n  - service.yaml\n  - account.yaml\n",
        f"{root}/deployment.yaml": (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n"
            "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n"
            "      serviceAccountName: web\n      containers:\n        - name: web\n          image: example/web:1\n"
            f"          env: [{{name: BASE, value: '{number}'}}]\n"
        ),
        f"{root}/service.yaml": (
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
            "spec:\n  selector: {app: web}\n  ports: [{port: 80}]\n"
        ),
        f"{root}/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n",
    }


def _application(number: int, base: int) -> dict[str, str]:
    name = f"app-{number:04}"
    root = f"apps/{name}"
    return {
        f"{root}/kustomization.yaml": (
            f"namespace: {name}\nresources:\n  - ../../bases/base-{base:02}\n  - namespace.yaml\n  - quota.yaml\n"
            f"images: [{{name: example/web, newTag: '{number}'}}]\npatches:\n  - path: replicas.yaml\n"
            f"configMapGenerator:\n  - name: settings\n    literals: [number={number}]\n"
        ),
        f"{root}/namespace.yaml": f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n",
        f"{root}/quota.yaml": (
            "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: quota}\nspec: {hard: {pods: '9'}}\n"
        ),
        f"{root}/replicas.yaml": (
            f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {1 + number % 5}}}\n"
        ),
    }
