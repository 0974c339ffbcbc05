"""The Kubernetes API, small, over HTTPS on 127.0.0.1; strictly as the real API server answers.

    async with SimulatedCluster() as cluster:
        cluster.secret("shop", "db", {"url": "postgres://..."})
        token = cluster.account("argofix", allow("get", "list", resources=["secrets"], namespaces=["shop"]))
        write_kubeconfig(path, {"prod": cluster.access(token)})

It serves what a reader needs: core Secrets, ConfigMaps and Namespaces, workloads, RBAC and CRDs, argoproj.io
Applications, discovery and SelfSubjectAccessReview; full objects and PartialObjectMetadata; pages, RBAC, faults.
Whatever else is asked of it (a write, say) is refused and kept in `violations`. Needs no pytest.

Sources: kubernetes.io/docs/reference/using-api/api-concepts, apiserver's pkg/endpoints and pkg/registry.
"""

from tests.kubernetes.certificates import Authority
from tests.kubernetes.faults import (
    Effect,
    Fault,
    expired,
    garbage,
    half_body,
    held,
    internal_error,
    reset,
    too_many_requests,
    unavailable,
)
from tests.kubernetes.kubeconfig import Access, write_kubeconfig
from tests.kubernetes.rbac import Rule, allow
from tests.kubernetes.server import LoggedRequest, SimulatedCluster

__all__ = [
    "Access",
    "Authority",
    "Effect",
    "Fault",
    "LoggedRequest",
    "Rule",
    "SimulatedCluster",
    "allow",
    "expired",
    "garbage",
    "half_body",
    "held",
    "internal_error",
    "reset",
    "too_many_requests",
    "unavailable",
    "write_kubeconfig",
]
