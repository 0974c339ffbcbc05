"""Rendered resources and what identifies them in a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitops.files.documents import read_documents
from gitops.resources.kinds import is_namespaced
from gitops.resources.meaning import as_applied


@dataclass(frozen=True, slots=True, order=True)
class ResourceId:
    """What the cluster knows a resource by. The API version is not identity: v1beta1 and v1 are one object."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"

    def placed(self, namespace: str, scopes: Mapping[tuple[str, str], bool]) -> ResourceId:
        """This id as it lands in a cluster: a namespaced kind takes `namespace` when it names none of its own, a
        cluster-scoped kind has none. `scopes` maps (group, kind) of the repository's CRDs to "is namespaced".
        """
        if not is_namespaced(self.group, self.kind, scopes):
            return ResourceId(self.group, self.kind, "", self.name) if self.namespace else self
        if self.namespace:
            return self
        return ResourceId(self.group, self.kind, namespace, self.name)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where something is written that is not in this repository: `place` names the repository or chart with what its
    version is today, `path` is the file there ('' when not known)."""

    place: str
    path: str = ""

    def __str__(self) -> str:
        return f"`{self.path}` of {self.place}" if self.path else self.place


OVERHEAD = 800  # bytes that a resource takes beside its text: its id, names and places


@dataclass(frozen=True, slots=True)
class Resource:
    """One manifest as an Application renders it.

    `text` is its canonical YAML with origin annotations removed and Secret values replaced by keyed digests; `path`
    is the repository file it came from (None when not known); `line`/`end_line` its document there when the reader
    knows it (0 otherwise); `generator` names the kustomization file that generated it (ConfigMaps, Secrets).
    `template` is what renders it (`web/charts/db/templates/cm.yaml`, a Jsonnet file), '' where it is written as it
    is: what a template makes is not edited like a manifest. `random` tells that its name is another one each time.
    """

    id: ResourceId
    text: bytes
    path: str | None = None
    generator: str | None = None
    hook: bool = False
    line: int = 0
    end_line: int = 0
    template: str = ""
    random: bool = False
    elsewhere: Elsewhere | None = None

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return OVERHEAD + len(self.text)

    def manifest(self) -> dict[str, Any]:
        """The manifest as plain Python."""
        documents = read_documents(self.path or "rendered", self.text)
        value = documents[0].value() if documents else {}
        return value if isinstance(value, dict) else {}


def as_placed(resource: Resource, namespace: str) -> dict[str, Any]:
    """The manifest as the cluster takes it: with the namespace it lands in ('' for a cluster-scoped kind), without
    what says nothing."""
    manifest = as_applied(resource.manifest())
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return manifest
    rest = {key: value for key, value in metadata.items() if key != "namespace"}
    return {**manifest, "metadata": {**rest, "namespace": namespace} if namespace else rest}


def same_manifest(left: Resource, right: Resource, namespace: str) -> bool:
    """Whether two copies say the same once they land in `namespace`; only then may one of them be removed."""
    return left.text == right.text or as_placed(left, namespace) == as_placed(right, namespace)
