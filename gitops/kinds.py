"""Which kinds live in a namespace.

Source of the built-in scopes: `kubectl api-resources --namespaced=false` of Kubernetes 1.32; the custom ones are read
from the CRDs of the projects named. A repository's own CRDs go before this table.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    # Custom resources that many repositories use without carrying their CRDs.
    "cert-manager.io": frozenset({"ClusterIssuer"}),
    "external-secrets.io": frozenset({"ClusterSecretStore", "ClusterExternalSecret", "ClusterPushSecret"}),
    "gateway.networking.k8s.io": frozenset({"GatewayClass"}),
    "kyverno.io": frozenset({"ClusterPolicy", "ClusterCleanupPolicy"}),
    "cilium.io": frozenset(
        {
            "CiliumClusterwideNetworkPolicy",
            "CiliumClusterwideEnvoyConfig",
            "CiliumLoadBalancerIPPool",
            "CiliumL2AnnouncementPolicy",
            "CiliumBGPPeeringPolicy",
            "CiliumBGPClusterConfig",
            "CiliumBGPPeerConfig",
            "CiliumBGPAdvertisement",
            "CiliumEgressGatewayPolicy",
            "CiliumNode",
            "CiliumIdentity",
        }
    ),
    "crd.projectcalico.org": frozenset(
        {"IPPool", "GlobalNetworkPolicy", "GlobalNetworkSet", "BGPPeer", "FelixConfiguration"}
    ),
    "constraints.gatekeeper.sh": frozenset({"*"}),
    "templates.gatekeeper.sh": frozenset({"ConstraintTemplate"}),
    "karpenter.sh": frozenset({"NodePool", "NodeClaim"}),
    "karpenter.k8s.aws": frozenset({"EC2NodeClass"}),
    "operator.tigera.io": frozenset({"Installation", "APIServer", "TigeraStatus"}),
    "trust.cert-manager.io": frozenset({"Bundle"}),
    "config.openshift.io": frozenset({"*"}),
    "operator.openshift.io": frozenset({"*"}),
    "security.openshift.io": frozenset({"SecurityContextConstraints"}),
    "user.openshift.io": frozenset({"User", "Group", "Identity"}),
    "project.openshift.io": frozenset({"Project"}),
    "oauth.openshift.io": frozenset({"OAuthClient"}),
    "console.openshift.io": frozenset({"*"}),
    "argoproj.io": frozenset({"ClusterWorkflowTemplate", "ClusterAnalysisTemplate"}),
    "coil.cybozu.com": frozenset({"AddressPool", "AddressBlock", "BlockRequest"}),
    "topolvm.cybozu.com": frozenset({"LogicalVolume"}),
}


def is_namespaced(group: str, kind: str, scopes: Mapping[tuple[str, str], bool]) -> bool:
    """Whether objects of this kind live in a namespace; a kind that nobody describes is taken to."""
    known = scopes.get((group, kind))
    if known is not None:
        return known
    listed = _CLUSTER_SCOPED.get(group, frozenset())
    return kind not in listed and "*" not in listed


def split_api_version(api_version: str) -> tuple[str, str]:
    """('apps', 'v1') for 'apps/v1', ('', 'v1') for 'v1'."""
    group, slash, version = api_version.rpartition("/")
    return (group, version) if slash else ("", api_version)
