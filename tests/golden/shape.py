"""A repository of the shape that teams have after two years.

An app of apps that grew a second set of Applications over the same bases, overlays that patch what they no
longer bring in, charts, a plugin, Secrets that were never in git, an export that somebody kept.
"""

from __future__ import annotations

from tests.scenarios import Files, application, config_map, documents, kustomization, manifest

_SERVICES = ("api", "web", "postgres", "redis", "monitoring")
_PATCH = "patches:\n  - path: patch.yaml\n"


def _workload(name: str) -> str:
    container = {
        "name": name,
        "image": f"example/{name}:1",
        "env": [{"name": "URL", "valueFrom": {"secretKeyRef": {"name": "shared-secrets", "key": f"{name}-url"}}}],
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return manifest("Deployment", name, "shop", "apps/v1", spec=spec)


def _files() -> Files:
    chart = {"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "1.0.0"}
    other = {"repoURL": "https://github.com/acme/elsewhere", "targetRevision": "main", "path": "deploy"}
    plugin = {"plugin": {"name": "kustomize-with-helm"}}
    files: dict[str, str | bytes] = {
        "k8s/root.yaml": application("root", "k8s/applications", namespace="argocd"),
        "k8s/applications/local.yaml": documents(
            *(application(name, f"k8s/local/{name}", wave=wave) for wave, name in enumerate(_SERVICES)),
            application("infrastructure", "k8s/local/infrastructure", wave=-1),
        ),
        "k8s/applications/managed.yaml": documents(
            *(application(f"managed-{name}", f"k8s/managed/{name}", namespace="managed") for name in _SERVICES)
        ),
        "k8s/applications/others.yaml": documents(
            application("cache", "", sources=[chart]),
            application("queue", "", sources=[{**chart, "chart": "rabbitmq"}]),
            application("portal", "", sources=[other]),
            application("grafana", "k8s/grafana", source=plugin),
        ),
        "k8s/grafana/m.yaml": config_map("grafana"),
        "k8s/local/infrastructure/kustomization.yaml": kustomization("namespace.yaml", "policies.yaml"),
        "k8s/local/infrastructure/namespace.yaml": manifest("Namespace", "shop"),
        "k8s/local/infrastructure/policies.yaml": _policies(),
        "k8s/exports/api.yaml": application("api", "k8s/local/api").replace('"spec"', '"status": {}, "spec"'),
    }
    for name in _SERVICES:
        own = ["workload.yaml", *(["namespace.yaml", "policies.yaml"] if name == "api" else [])]
        files[f"k8s/local/{name}/kustomization.yaml"] = kustomization(*own)
        files[f"k8s/local/{name}/workload.yaml"] = _workload(name)
        files[f"k8s/managed/{name}/kustomization.yaml"] = kustomization("service.yaml", extra=_PATCH)
        files[f"k8s/managed/{name}/service.yaml"] = manifest("Service", name, spec={"ports": [{"port": 80}]})
        files[f"k8s/managed/{name}/patch.yaml"] = manifest("Deployment", "gone", api="apps/v1", spec={"replicas": 2})
    files["k8s/local/api/namespace.yaml"] = manifest("Namespace", "shop")
    files["k8s/local/api/policies.yaml"] = _policies()
    return files


def _policies() -> str:
    return documents(
        *(
            manifest("NetworkPolicy", name, "shop", "networking.k8s.io/v1", spec={"podSelector": {}})
            for name in ("allow-api", "allow-dns", "allow-web", "deny")
        )
    )


SHAPE: Files = _files()
