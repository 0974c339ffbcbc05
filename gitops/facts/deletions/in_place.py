"""Changes that cannot be made in place: the sync fails, or deletes the object and makes it again.

Source: Kubernetes' validation of updates (pkg/apis/*/validation: `ValidateImmutableField` and, for StatefulSets, all
of the spec but for the fields named there); argo-cd v3.5.1, gitops-engine/pkg/sync/sync_context.go:1380-1430
(`Replace`, `Force`; Namespaces and CustomResourceDefinitions are never replaced) and utils/kube/resource_ops.go
(`auth reconcile` for bindings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops.discovery.snapshot import Owned, OwnedId, State
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.options import options_of
from gitops.facts.deletions.quantities import is_less
from gitops.facts.deletions.world import World
from gitops.facts.owners import owners_having, owners_of
from gitops.facts.secrets.pods import Route, at, mapping, read_manifest, sequence
from gitops.resources.resource import Resource

_SELECTOR: tuple[Route, ...] = (("spec", "selector"),)
_FIXED: Mapping[tuple[str, str], tuple[Route, ...]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "ReplicaSet"): _SELECTOR,
    ("apps", "StatefulSet"): (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
    ("batch", "Job"): (
        ("spec", "template"),
        ("spec", "selector"),
        ("spec", "completionMode"),
        ("spec", "podFailurePolicy"),
        ("spec", "successPolicy"),
        ("spec", "backoffLimitPerIndex"),
        ("spec", "managedBy"),
    ),
    ("storage.k8s.io", "StorageClass"): (
        ("provisioner",),
        ("parameters",),
        ("reclaimPolicy",),
        ("volumeBindingMode",),
    ),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("node.k8s.io", "RuntimeClass"): (("handler",),),
    ("networking.k8s.io", "IngressClass"): (("spec", "controller"),),
    ("", "PersistentVolumeClaim"): (
        ("spec", "storageClassName"),
        ("spec", "accessModes"),
        ("spec", "volumeMode"),
        ("spec", "volumeName"),
        ("spec", "selector"),
        ("spec", "dataSource"),
        ("spec", "dataSourceRef"),
    ),
    ("", "PersistentVolume"): (("spec", "volumeMode"),),
    ("", "ResourceQuota"): (("spec", "scopes"), ("spec", "scopeSelector")),
    ("", "Secret"): (("type",),),
    ("apps", "ControllerRevision"): (("data",),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        ("spec", "scope"),
        ("spec", "group"),
        ("spec", "names", "kind"),
        ("spec", "names", "plural"),
    ),
    ("discovery.k8s.io", "EndpointSlice"): (("addressType",),),
    ("storage.k8s.io", "CSIDriver"): (("spec", "attachRequired"), ("spec", "volumeLifecycleModes")),
    ("storage.k8s.io", "VolumeAttributesClass"): (("driverName",), ("parameters",)),
}
# What the API server fills in when it is not said.
_DEFAULTS: Mapping[Route, Any] = {
    ("spec", "podManagementPolicy"): "OrderedReady",
    ("spec", "completionMode"): "NonIndexed",
    ("spec", "volumeMode"): "Filesystem",
    ("reclaimPolicy",): "Delete",
    ("volumeBindingMode",): "Immediate",
    ("preemptionPolicy",): "PreemptLowerPriority",
    ("type",): "Opaque",
    ("spec", "attachRequired"): True,
}
_BINDINGS = (("rbac.authorization.k8s.io", "RoleBinding"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"))
_NEVER_REPLACED = (("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition"))


def changed_in_place(state: State, now: State, base: World, head: World) -> Iterator[Consequence]:
    """What becomes of objects that both sides have and that differ in a field that is fixed."""
    if state.application.destination.cluster != now.application.destination.cluster:
        return
    before, after = base.owned(state), head.owned(now)
    for owned_id, old in before.items():
        new = after.get(owned_id)
        if new is None or new.resource.text == old.resource.text:
            continue
        found = _judged(owned_id, old, new, now)
        if found is not None:
            verdict, why, detail = found
            yield Consequence(owned_id, verdict, why, state.application, old, detail=detail)


def _judged(owned_id: OwnedId, old: Owned, new: Owned, now: State) -> tuple[Verdict, Why, str] | None:
    kind = (owned_id.id.group, owned_id.id.kind)
    one, other = options_of(old.resource), options_of(new.resource)
    options = now.application.sync_policy.options
    forced = (one.force or other.force) and kind not in _NEVER_REPLACED
    replaced = one.replace or other.replace or "Replace=true" in options
    if forced and replaced:
        return (Verdict.RECREATED, Why.FORCED, "")  # each sync that finds a difference does so
    was, will = read_manifest(old.resource.text), read_manifest(new.resource.text)
    if kind == ("", "Service"):
        return _service(was, will, forced)
    if kind in _BINDINGS and at(was, ("roleRef",)) != at(will, ("roleRef",)):
        if "ServerSideApply=true" in options or replaced:
            return (Verdict.RECREATED, Why.FORCED, "") if forced else (Verdict.SYNC_FAILS, Why.IMMUTABLE, "roleRef")
        return (Verdict.RECREATED, Why.RECONCILED, "")
    field = _fixed_field(kind, was, will)
    if field is None:
        return None
    return (Verdict.RECREATED, Why.FORCED, "") if forced else (Verdict.SYNC_FAILS, Why.IMMUTABLE, field)


def _fixed_field(kind: tuple[str, str], was: dict[str, Any], will: dict[str, Any]) -> str | None:
    """The first field that differs and must not."""
    for route in _FIXED.get(kind, ()):
        default = _DEFAULTS.get(route)
        left, right = at(was, route), at(will, route)
        left, right = (default if left is None else left), (default if right is None else right)
        if kind == ("", "PersistentVolumeClaim") and right is None:
            continue  # what is not said is left as it is
        if route == ("spec", "selector") and kind == ("batch", "Job") and right is None:
            continue  # the controller has filled it in
        if _plain(left) != _plain(right):
            return ".".join(map(str, route))
    if kind == ("", "PersistentVolume"):
        return "the source of its volume" if _source_of(was) != _source_of(will) else None
    if kind == ("", "Pod"):
        return "its spec (all but images)" if _pod(was) != _pod(will) else None
    if kind == ("", "PersistentVolumeClaim"):
        route = ("spec", "resources", "requests", "storage")
        return "a smaller spec.resources.requests.storage" if is_less(at(will, route), at(was, route)) else None
    if kind in (("", "ConfigMap"), ("", "Secret")) and was.get("immutable") is True:
        if will.get("immutable") is not True:
            return "immutable"
        fields = ("data", "binaryData", "stringData")
        return next((field for field in fields if (was.get(field) or {}) != (will.get(field) or {})), None)
    return None


def _source_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Where a volume is (core/v1, PersistentVolumeSpec): every field but those that are the same for all sources."""
    spec = mapping(manifest.get("spec"))
    return {key: _plain(value) for key, value in spec.items() if key not in _OF_ALL_VOLUMES}


_OF_ALL_VOLUMES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


def _pod(manifest: dict[str, Any]) -> Any:
    """What of a Pod cannot change (ValidatePodUpdate): tolerations may be added, and are left out here."""
    free = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations")
    spec = {key: value for key, value in mapping(manifest.get("spec")).items() if key not in free}
    for field in ("containers", "initContainers"):
        listed = map(mapping, sequence(spec.get(field)))
        spec[field] = [{key: value for key, value in each.items() if key != "image"} for each in listed]
    return _plain(spec)


def _plain(value: Any) -> Any:
    """A value without what means nothing in it: the frame of a claim's template, empty maps."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        framed = "spec" in value and "metadata" in value
        skipped = ("apiVersion", "kind", "status", "creationTimestamp") if framed else ("creationTimestamp",)
        plain = {key: _plain(item) for key, item in value.items() if key not in skipped}
        return {key: item for key, item in plain.items() if item not in (None, {}, [])}
    return value


def _service(was: dict[str, Any], will: dict[str, Any], forced: bool) -> tuple[Verdict, Why, str] | None:
    fixed = (Verdict.RECREATED, Why.FORCED, "") if forced else None
    for field in ("loadBalancerClass", "ipFamilies"):
        one, other = (at(side, ("spec", field)) for side in (was, will))
        # The order of the second family is free, and what is not said is left as it is.
        one, other = ((sequence(each)[:1] if field == "ipFamilies" else each) for each in (one, other))
        if one and other and one != other:
            return fixed or (Verdict.SYNC_FAILS, Why.IMMUTABLE, f"spec.{field}")
    before, after = (at(side, ("spec", "clusterIP")) or "" for side in (was, will))
    if before == after or "ExternalName" in (at(was, ("spec", "type")), at(will, ("spec", "type"))):
        return None
    if not after:
        kept = "it stays headless" if before == "None" else "it keeps its address"
        detail = f"{kept}, since an empty clusterIP keeps the former one"
        return (Verdict.INEFFECTIVE, Why.NO_EFFECT, detail)
    return fixed or (Verdict.SYNC_FAILS, Why.IMMUTABLE, "spec.clusterIP")


def dropped_versions(base: World, head: World) -> Iterator[Consequence]:
    """Custom resources that are written in a version which their definition no longer serves, and the definition."""
    gone: dict[tuple[str, str], tuple[OwnedId, Owned, set[str]]] = {}
    for owned_id, copies in owners_having(head.snapshot, _is_definition):
        before = base.snapshot.once(owners_of).get(owned_id, ())
        if not before or before[-1].resource.text == copies[-1].resource.text:
            continue
        was, will = (read_manifest(side[-1].resource.text) for side in (before, copies))
        lost = _served(was) - _served(will)
        spec = mapping(will.get("spec"))
        if lost:
            names = mapping(spec.get("names"))
            gone[str(spec.get("group")), str(names.get("kind"))] = (owned_id, before[-1], lost)
    if not gone:
        return
    users: dict[OwnedId, list[str]] = {}
    for owned_id, copies in head.snapshot.once(owners_of).items():
        found = gone.get((owned_id.id.group, owned_id.id.kind))
        for copy in copies if found is not None else ():
            version = str(read_manifest(copy.resource.text).get("apiVersion")).rpartition("/")[2]
            if found is not None and version in found[2]:
                detail = f"version {version}"
                yield Consequence(
                    owned_id, Verdict.SYNC_FAILS, Why.VERSION_GONE, copy.application, copy, detail=detail
                )
                users.setdefault(found[0], []).append(f"{owned_id.id} of {copy.application.name}")
                break
    for definition, old, lost in gone.values():
        detail = f"{', '.join(sorted(lost))} is no longer served"
        used = users.get(definition, [])
        detail += f", and used by {used[0]}" + (f" and {len(used) - 1} more" if len(used) > 1 else "") if used else ""
        yield Consequence(definition, Verdict.CHANGED, Why.VERSION_GONE, old.application, old, detail=detail)


def _is_definition(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def _served(manifest: dict[str, Any]) -> set[str]:
    versions = map(mapping, sequence(at(manifest, ("spec", "versions"))))
    return {str(version.get("name")) for version in versions if version.get("served") is not False}
