"""A manifest as Kubernetes takes it, for telling whether two copies say the same.

Whether an empty list counts is each field's own affair: `ingress: []` of a NetworkPolicy forbids everything, and
`env: []` of a container says nothing. So empties are dropped only where the built-in types say `omitempty` and treat
nil and empty alike (k8s.io/api: core/v1, apps/v1, batch/v1; apimachinery meta/v1), and amounts are only reduced where
the field is a `resource.Quantity` (apimachinery, pkg/api/resource: canonical form). Custom resources are left as they
are but for their metadata: to a HelmRelease `null` means something.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gitops.resources.kinds import is_built_in, split_api_version

_METADATA = frozenset(
    {"annotations", "labels", "finalizers", "ownerReferences", "managedFields", "creationTimestamp", "generateName"}
)
_TOP = frozenset({"status"})
_CONTENT = frozenset({"data", "stringData", "binaryData"})
# Fields of containers, Pods and ServiceAccounts.
_POD = frozenset(
    {
        "args", "command", "env", "envFrom", "hostAliases", "imagePullSecrets", "initContainers", "nodeSelector",
        "ports", "readinessGates", "resources", "secrets", "securityContext", "strategy", "tolerations",
        "topologySpreadConstraints", "updateStrategy", "volumeDevices", "volumeMounts", "volumes",
    }
)  # fmt: skip
_POD_KINDS = frozenset(
    {
        ("", "Pod"), ("", "PodTemplate"), ("", "ReplicationController"), ("", "ServiceAccount"),
        ("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("apps", "ReplicaSet"),
        ("batch", "Job"), ("batch", "CronJob"),
    }
)  # fmt: skip
_QUANTITIES = frozenset({"requests", "limits", "hard", "capacity", "default", "defaultRequest", "max", "min"})
_QUANTITY_KINDS = _POD_KINDS | {
    ("", "PersistentVolumeClaim"), ("", "PersistentVolume"), ("", "ResourceQuota"), ("", "LimitRange"),
}  # fmt: skip
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def as_applied(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with what says nothing left out and amounts in one spelling. The result shares what it can."""
    api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
    group = split_api_version(api_version)[0] if isinstance(api_version, str) else ""
    what = (group, kind if isinstance(kind, str) else "")
    dropped = _TOP | _CONTENT if what in (("", "ConfigMap"), ("", "Secret")) else _TOP
    result = _without_empty(manifest, dropped)
    if is_built_in(group):
        result.pop("status", None)  # written by controllers; the API server takes none from an apply
        if result.get("aggregationRule"):
            result.pop("rules", None)  # filled in by the control plane, whatever is written
    if what in _QUANTITY_KINDS:
        pod = what in _POD_KINDS
        result = {key: value if key == "metadata" else _typed(value, pod) for key, value in result.items()}
    if isinstance(result.get("metadata"), Mapping):
        result["metadata"] = _without_empty(result["metadata"], _METADATA)
    return result


def _without_empty(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Without nulls, and without what is empty of the fields `names`."""
    return {key: value for key, value in fields.items() if value is not None and (value or key not in names)}


def _typed(value: Any, pod: bool) -> Any:
    """A value of a built-in type: null is nothing there, whatever the field."""
    if isinstance(value, list):
        return [_typed(item, pod) for item in value]
    if not isinstance(value, Mapping):
        return value
    result: dict[str, Any] = {}
    for key, inner in value.items():
        if inner is None or (pod and key in _POD and inner in ({}, [])):
            continue
        if key == "metadata" and isinstance(inner, Mapping):
            inner = _without_empty(inner, _METADATA)
            if not inner:
                continue
        elif key in _QUANTITIES and isinstance(inner, Mapping):
            inner = {name: quantity(amount) for name, amount in inner.items()}
        elif key in ("storage", "sizeLimit", "divisor"):
            inner = quantity(inner)
        elif key == "resources" and isinstance(inner, Mapping):
            inner = _typed({name: part for name, part in inner.items() if part not in ({}, [])}, pod)
            if pod and not inner:
                continue
        else:
            inner = _typed(inner, pod)
        result[key] = inner
    return result


def quantity(value: Any) -> Any:
    """An amount in one spelling: `1000m`, `1` and "1" are one CPU, `1Gi` and `1024Mi` one amount of memory."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    match = _QUANTITY.fullmatch(str(value).strip())
    if match is None or len(match[0]) > 64:
        return value
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        number *= 1024 ** _BINARY[suffix]
    elif suffix in _DECIMAL:
        number = number.scaleb(_DECIMAL[suffix])
    elif abs(int(suffix[1:])) > 30:
        return value
    else:
        number = number.scaleb(int(suffix[1:]))
    return f"{number.normalize():f}"
