"""The origin story in small: what `infrastructure` owns, `api-backend` brings in again."""

from __future__ import annotations

from tests.scenarios import Files, application, config_map, documents, kustomization, manifest

NAMESPACE = manifest("Namespace", "shop")
POLICY = documents(
    *(
        manifest("NetworkPolicy", name, "shop", "networking.k8s.io/v1", spec={"podSelector": {}})
        for name in ("deny", "allow")
    )
)
WORKLOAD = manifest(
    "Deployment",
    "api",
    "shop",
    "apps/v1",
    spec={"template": {"spec": {"serviceAccountName": "api-sa", "containers": []}}},
)

STORY: Files = {
    "apps.yaml": documents(
        application("infrastructure", "infra", wave=-1), application("api-backend", "api", wave=5)
    ),
    "infra/kustomization.yaml": kustomization("namespace.yaml", "policies.yaml", "accounts.yaml"),
    "infra/namespace.yaml": NAMESPACE,
    "infra/policies.yaml": POLICY,
    "infra/accounts.yaml": manifest("ServiceAccount", "api-sa", "shop"),
    "api/kustomization.yaml": (
        "# api\r\nresources:\r\n  - namespace.yaml # copied\r\n  - account.yaml\r\n  - policies.yaml\r\n"
        "  - workload.yaml\r\n"
    ),
    "api/namespace.yaml": NAMESPACE,
    "api/policies.yaml": POLICY,
    "api/account.yaml": manifest("ServiceAccount", "api-sa", "shop", imagePullSecrets=[{"name": "registry"}]),
    "api/workload.yaml": WORKLOAD,
}


def two(one: str = "a", other: str = "b", **more: str) -> dict[str, str | bytes]:
    """Two directories with the same ConfigMap."""
    return {
        f"{one}/kustomization.yaml": kustomization("map.yaml"),
        f"{one}/map.yaml": config_map("settings"),
        f"{other}/kustomization.yaml": kustomization("map.yaml"),
        f"{other}/map.yaml": config_map("settings"),
        **more,
    }
