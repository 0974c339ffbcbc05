"""Which kinds live in a namespace.

Source of the built-in scopes: `kubectl api-resources --namespaced=false` of Kubernetes 1.32. Those of custom
resources are in `gitops.resources.known_scopes`, generated from the CRDs of many projects, and the few below come
from the projects named; the CRDs of a repository go before all of them. The scope of what none of them knows is
unknown, and not "namespaced".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from gitops.resources.known_scopes import CLUSTER, NAMESPACED

_CLUSTER_SCOPED: Mapping[str, frozenset[str]] = {
    "": frozenset({"Namespace", "Node", "PersistentVolume", "ComponentStatus"}),
    "admissionregistration.k8s.io": frozenset(
        {
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        }
    ),
    "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
    "apiregistration.k8s.io": frozenset({"APIService"}),
    "certificates.k8s.io": frozenset({"CertificateSigningRequest", "ClusterTrustBundle"}),
    "flowcontrol.apiserver.k8s.io": frozenset({"FlowSchema", "PriorityLevelConfiguration"}),
    "networking.k8s.io": frozenset({"IngressClass", "IPAddress", "ServiceCIDR"}),
    "node.k8s.io": frozenset({"RuntimeClass"}),
    "policy": frozenset({"PodSecurityPolicy"}),
    "extensions": frozenset({"PodSecurityPolicy"}),
    "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding"}),
    "resource.k8s.io": frozenset({"DeviceClass", "ResourceSlice"}),
    "scheduling.k8s.io": frozenset({"PriorityClass"}),
    "snapshot.storage.k8s.io": frozenset({"VolumeSnapshotClass", "VolumeSnapshotContent"}),
    "storage.k8s.io": frozenset(
        {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"}
    ),
}


_BUILT_IN = frozenset(
    {
        "authentication.k8s.io",
        "authorization.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "internal.apiserver.k8s.io",
        "metrics.k8s.io",
        "storagemigration.k8s.io",
    }
)
# Written by hand: cilium (only CiliumNetworkPolicy was looked up), cybozu-go/coil, topolvm, openshift.
_FURTHER_CLUSTER = {
    "cilium.io": (
        "CiliumBGPAdvertisement CiliumBGPClusterConfig CiliumBGPNodeConfig CiliumBGPNodeConfigOverride "
        "CiliumBGPPeerConfig CiliumBGPPeeringPolicy CiliumCIDRGroup CiliumClusterwideEnvoyConfig "
        "CiliumClusterwideNetworkPolicy CiliumEgressGatewayPolicy CiliumEndpointSlice CiliumExternalWorkload "
        "CiliumIdentity CiliumL2AnnouncementPolicy CiliumLoadBalancerIPPool CiliumNode CiliumPodIPPool"
    ),
    "coil.cybozu.com": "AddressBlock AddressPool BlockRequest",
    "topolvm.cybozu.com": "LogicalVolume",
    "user.openshift.io": "User Group Identity",
    "project.openshift.io": "Project",
    "oauth.openshift.io": "OAuthClient",
}
_FURTHER_NAMESPACED = {
    "cilium.io": (
        "CiliumEndpoint CiliumEnvoyConfig CiliumGatewayClassConfig CiliumLocalRedirectPolicy CiliumNetworkPolicy "
        "CiliumNodeConfig"
    ),
    "coil.cybozu.com": "Egress",
    "route.openshift.io": "Route",
    "apps.openshift.io": "DeploymentConfig",
    "build.openshift.io": "Build BuildConfig",
    "image.openshift.io": "ImageStream ImageStreamTag",
}
# Gatekeeper makes a kind of each ConstraintTemplate, and all of them are cluster-scoped.
_ALL_CLUSTER = frozenset({"constraints.gatekeeper.sh"})


def scope_of(group: str, kind: str, scopes: Mapping[tuple[str, str], bool]) -> bool | None:
    """Whether objects of this kind live in a namespace, None when nothing tells. `scopes` are the repository's."""
    known = scopes.get((group, kind))
    return _known_scope(group, kind) if known is None else known


def is_namespaced(group: str, kind: str, scopes: Mapping[tuple[str, str], bool]) -> bool:
    """As `scope_of`; a kind that nobody describes is taken to live in a namespace, as most do. Whoever would call two
    of those different because of that has to ask `scope_of`."""
    return scope_of(group, kind, scopes) is not False


@lru_cache(maxsize=4096)
def _known_scope(group: str, kind: str) -> bool | None:
    if kind in _CLUSTER_SCOPED.get(group, ()) or group in _ALL_CLUSTER:
        return False
    if is_built_in(group):
        return True
    if _lists(CLUSTER, group, kind) or _lists(_FURTHER_CLUSTER, group, kind):
        return False
    if _lists(NAMESPACED, group, kind) or _lists(_FURTHER_NAMESPACED, group, kind):
        return True
    return _of_a_provider(group, kind)


def is_built_in(group: str) -> bool:
    """Whether Kubernetes itself serves the group."""
    return "." not in group or group in _CLUSTER_SCOPED or group in _BUILT_IN


def _lists(table: Mapping[str, str], group: str, kind: str) -> bool:
    return kind in table.get(group, "").split()


def _of_a_provider(group: str, kind: str) -> bool | None:
    """Crossplane's providers: managed resources are cluster-scoped, and namespaced in the groups with `.m.`
    (docs.crossplane.io, "What's new in v2")."""
    if not group.endswith((".upbound.io", ".crossplane.io")):
        return None
    if ".m." not in group:
        return False
    return not kind.startswith("Cluster")


def split_api_version(api_version: str) -> tuple[str, str]:
    """('apps', 'v1') for 'apps/v1', ('', 'v1') for 'v1'."""
    group, slash, version = api_version.rpartition("/")
    return (group, version) if slash else ("", api_version)
