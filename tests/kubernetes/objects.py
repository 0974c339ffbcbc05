"""What a cluster holds, and who manages which field of it."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes.kinds import BUILT_IN, Kind

Json = dict[str, Any]
_AT = "2026-01-05T10:00:00Z"
_UNMANAGED = {"apiVersion", "kind", "status"}
_OF_THE_SERVER = {"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"}


def fields_v1(manifest: Mapping[str, Any]) -> Json:
    """`fieldsV1` for everything in a manifest; lists count as one field, which suits the kinds at hand."""
    found: Json = {}
    for key, value in manifest.items():
        if key in _UNMANAGED:
            continue
        if key == "metadata":
            own = {k: v for k, v in value.items() if k not in _OF_THE_SERVER}
            if own:
                found["f:metadata"] = _fields(own)
        else:
            found[f"f:{key}"] = _fields(value)
    return found


def _fields(value: object) -> Json:
    if not isinstance(value, Mapping):
        return {}
    return {".": {}} | {f"f:{key}": _fields(inner) for key, inner in value.items()}


def managed(manifest: Mapping[str, Any], manager: str = "kubectl-create", operation: str = "Update") -> Json:
    """One entry of `managedFields` that owns every field of `manifest`."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": manifest["apiVersion"],
        "time": _AT,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields_v1(manifest),
    }


@dataclass
class Store:
    """Objects by (group, resource) and (namespace, name)."""

    kinds: list[Kind] = field(default_factory=lambda: list(BUILT_IN))
    objects: dict[tuple[str, str], dict[tuple[str, str], Json]] = field(default_factory=dict)
    revision: int = 1000

    def kind_of(self, api_version: str, name: str) -> Kind:
        return next(kind for kind in self.kinds if (kind.api_version, kind.kind) == (api_version, name))

    def held(self, kind: Kind) -> dict[tuple[str, str], Json]:
        return self.objects.setdefault((kind.group, kind.resource), {})

    def put(self, manifest: Mapping[str, Any], *, managed_fields: Sequence[Json] | None = None) -> Json:
        """Create or replace. `managed_fields` None: one manager that owns everything; `[]`: trimmed."""
        kind = self.kind_of(manifest["apiVersion"], manifest["kind"])
        metadata = manifest.get("metadata", {})
        namespace = metadata.get("namespace", "") if kind.namespaced else ""
        if kind.namespaced:
            assert namespace, f"{kind.kind} needs a namespace"
            self._namespace(namespace)
        self.revision += 1
        entries = [managed(manifest)] if managed_fields is None else list(managed_fields)
        complete = {
            **manifest,
            "metadata": {
                "name": metadata["name"],
                **({"namespace": namespace} if namespace else {}),
                "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind.resource}/{namespace}/{metadata['name']}")),
                "resourceVersion": str(self.revision),
                "creationTimestamp": _AT,
                **{key: value for key, value in metadata.items() if key in ("labels", "annotations") and value},
                **({"managedFields": entries} if entries else {}),
            },
        }
        self.held(kind)[(namespace, metadata["name"])] = complete
        return complete

    def _namespace(self, name: str) -> None:
        kind = self.kind_of("v1", "Namespace")
        if ("", name) not in self.held(kind):
            self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def remove(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        del self.held(self.kind_of(api_version, kind))[(namespace, name)]
        self.revision += 1

    def secret(
        self,
        namespace: str,
        name: str,
        data: Mapping[str, str],
        *,
        managed_fields: Sequence[Json] | None = None,
        **metadata: Mapping[str, str],
    ) -> Json:
        """An Opaque Secret with these (plain) values. `metadata` takes labels and annotations."""
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        body: Json = {"apiVersion": "v1", "kind": "Secret"}
        body["metadata"] = {"name": name, "namespace": namespace, **metadata}
        if encoded:
            body["data"] = encoded
        return self.put(body | {"type": "Opaque"}, managed_fields=managed_fields)

    def config_map(
        self,
        namespace: str,
        name: str,
        data: Mapping[str, str],
        binary: Mapping[str, str] | None = None,
        *,
        managed_fields: Sequence[Json] | None = None,
        **metadata: Mapping[str, str],
    ) -> Json:
        """A ConfigMap; `binary` is `binaryData`, in base64."""
        body: Json = {"apiVersion": "v1", "kind": "ConfigMap"}
        body["metadata"] = {"name": name, "namespace": namespace, **metadata}
        if data:
            body["data"] = dict(data)
        if binary:
            body["binaryData"] = dict(binary)
        return self.put(body, managed_fields=managed_fields)

    def application(
        self,
        name: str,
        *,
        namespace: str = "argocd",
        path: str = "",
        url: str = "https://github.com/acme/platform",
        sync: str = "Synced",
        health: str = "Healthy",
        resources: Sequence[Json] = (),
        spec: Mapping[str, Any] | None = None,
    ) -> Json:
        """An Argo CD Application with its status. `resources` are entries of `status.resources`."""
        destination = {"server": "https://kubernetes.default.svc", "namespace": "default"}
        source = {"repoURL": url, "path": path, "targetRevision": "main"}
        return self.put(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"project": "default", "source": source, "destination": destination, **(spec or {})},
                "status": {
                    "sync": {"status": sync, "revision": "0" * 40},
                    "health": {"status": health},
                    "resources": list(resources),
                },
            }
        )

    def tracked(
        self, api_version: str, kind: str, namespace: str, name: str, tracking: str | None, label: str | None = None
    ) -> Json:
        """An object that carries this tracking id (annotation) and this instance label."""
        metadata: Json = {"name": name, **({"namespace": namespace} if namespace else {})}
        if tracking is not None:
            metadata["annotations"] = {"argocd.argoproj.io/tracking-id": tracking}
        if label is not None:
            metadata["labels"] = {"app.kubernetes.io/instance": label}
        return self.put({"apiVersion": api_version, "kind": kind, "metadata": metadata})
