"""The demo's cluster: what Argo CD has synced from the story's main branch, and what a pipeline made beside it."""

from __future__ import annotations

from tests.kubernetes import SimulatedCluster

PATHS = {"bootstrap": "bootstrap/sets", "infrastructure": "apps/infrastructure", "api-backend": "apps/api-backend"}
_MADE_BY_THE_PIPELINE = {
    "registry": (".dockerconfigjson",),
    "shop-secrets": ("jwt-secret", "postgres-password", "postgres-user"),
}


def fill(cluster: SimulatedCluster) -> None:
    """Put everything there. The values are never to be seen anywhere."""
    for name, path in PATHS.items():
        cluster.application(name, path=path)
    cluster.tracked("v1", "Namespace", "", "shop", "infrastructure:/Namespace:shop/shop")
    cluster.tracked(
        "v1", "ServiceAccount", "shop", "api-backend-sa", "infrastructure:/ServiceAccount:shop/api-backend-sa"
    )
    for name in ("default-deny", "allow-api"):
        tracking = f"infrastructure:networking.k8s.io/NetworkPolicy:shop/{name}"
        cluster.tracked("networking.k8s.io/v1", "NetworkPolicy", "shop", name, tracking)
    for name, keys in _MADE_BY_THE_PIPELINE.items():
        cluster.secret("shop", name, dict.fromkeys(keys, "never-to-be-seen"))
