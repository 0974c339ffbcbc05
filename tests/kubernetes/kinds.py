"""The resources that the simulation knows, as `kubectl api-resources` prints them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of discovery. `custom` kinds come from a CRD: their lists carry kind and apiVersion on every item."""

    group: str
    version: str
    resource: str
    kind: str
    namespaced: bool = True
    custom: bool = False
    short: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


BUILT_IN = (
    Kind("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Kind("", "v1", "namespaces", "Namespace", namespaced=False, short=("ns",)),
    Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", short=("pvc",)),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "serviceaccounts", "ServiceAccount", short=("sa",)),
    Kind("", "v1", "services", "Service", short=("svc",)),
    Kind("apps", "v1", "deployments", "Deployment", short=("deploy",)),
    Kind("apps", "v1", "statefulsets", "StatefulSet", short=("sts",)),
    Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", short=("netpol",)),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress", short=("ing",)),
    Kind("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False),
    Kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    Kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False),
    Kind("argoproj.io", "v1alpha1", "applications", "Application", custom=True, short=("app", "apps")),
    Kind("argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet", custom=True, short=("appset", "appsets")),
    Kind("argoproj.io", "v1alpha1", "appprojects", "AppProject", custom=True, short=("appproj", "appprojs")),
)
REVIEWS = ("authorization.k8s.io", "v1")
Json = dict[str, object]


def versions(kinds: list[Kind]) -> dict[str, list[str]]:
    """Group -> versions, the preferred one first; the core group is not among them."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        if kind.group and kind.version not in found.setdefault(kind.group, []):
            found[kind.group].append(kind.version)
    found.setdefault(REVIEWS[0], [REVIEWS[1]])
    return found


def api_versions(server: str) -> Json:
    """`GET /api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server}],
    }


def _group(name: str, listed: list[str]) -> Json:
    each = [{"groupVersion": f"{name}/{version}", "version": version} for version in listed]
    return {"name": name, "versions": each, "preferredVersion": each[0]}


def group_list(kinds: list[Kind]) -> Json:
    """`GET /apis`."""
    groups = [_group(name, listed) for name, listed in versions(kinds).items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(kinds: list[Kind], name: str) -> Json | None:
    """`GET /apis/GROUP`."""
    listed = versions(kinds).get(name)
    return None if listed is None else {"kind": "APIGroup", "apiVersion": "v1", **_group(name, listed)}


def resource_list(kinds: list[Kind], group: str, version: str) -> Json | None:
    """`GET /api/v1` and `GET /apis/GROUP/VERSION`."""
    own = [kind for kind in kinds if (kind.group, kind.version) == (group, version)]
    if (group, version) == REVIEWS:
        rows: list[Json] = [
            {
                "name": "selfsubjectaccessreviews",
                "singularName": "selfsubjectaccessreview",
                "namespaced": False,
                "kind": "SelfSubjectAccessReview",
                "verbs": ["create"],
            }
        ]
    elif own:
        rows = [row for kind in own for row in _rows(kind)]
    else:
        return None
    answer: Json = {"kind": "APIResourceList"}
    if group:
        answer["apiVersion"] = "v1"
    return {**answer, "groupVersion": f"{group}/{version}" if group else version, "resources": rows}


def _rows(kind: Kind) -> Iterator[Json]:
    row: Json = {
        "name": kind.resource,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    }
    if kind.short:
        row["shortNames"] = list(kind.short)
    yield row
    if kind.resource in ("namespaces", "deployments", "statefulsets", "applications"):
        yield {
            "name": f"{kind.resource}/status",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": ["get", "patch", "update"],
        }
