"""Of which version Argo CD's own CRDs are, by the fields that their schemas have.

Source: argo-cd manifests/crds of each release (`crd_fields` of the data: fields that came with a minor version and
are in each patch of it). The API server drops fields that the schema of a CRD does not have
(kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions, field pruning).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from packaging.version import Version

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.installation.find import member_of
from gitops.installation.model import Installation, Member
from gitops.installation.releases import releases
from gitops.installation.routes.find import is_beside
from gitops.installation.routes.model import mappings
from gitops.resources.resource import Resource

# Without these a schema says nothing (`x-kubernetes-preserve-unknown-fields`), or is another CRD's.
_ALWAYS: Final[Mapping[str, str]] = {
    "applications.argoproj.io": "spec.destination",
    "applicationsets.argoproj.io": "spec.generators",
    "appprojects.argoproj.io": "spec.sourceRepos",
}


@dataclass(frozen=True, eq=False, slots=True)
class Behind:
    """A CRD that is of `minor` at most, and the fields that later ones have up to the version in question."""

    crd: Member
    minor: str
    fields: tuple[str, ...]


def behind(snapshot: Snapshot, installation: Installation, version: Version) -> tuple[Behind, ...]:
    """The CRDs that are deployed with an installation and older than `version`."""
    crds: dict[str, list[Member]] = {}
    for copy in snapshot.copies(having=_is_crd):
        if is_beside(installation, copy.application):
            crds.setdefault(copy.resource.id.name, []).append(member_of(snapshot, copy))
    found: list[Behind] = []
    for members in crds.values():
        judged = [_judged(member, version) for member in members]
        # Where there are several of one name, nobody can tell which of them stays.
        found.extend(one for one in judged[:1] if one is not None and all(judged))
    return tuple(found)


def _is_crd(resource: Resource) -> bool:
    return resource.id.kind == "CustomResourceDefinition" and resource.id.name in _ALWAYS


def _judged(member: Member, version: Version) -> Behind | None:
    versions = mappings(mapping(member.manifest.get("spec")).get("versions"))
    schema = mapping(mapping(versions[0].get("schema")).get("openAPIV3Schema")) if versions else {}
    if not _has(schema, _ALWAYS[member.id.name]) or schema.get("x-kubernetes-preserve-unknown-fields") is True:
        return None
    wanted = {field: Version(minor) for field, minor in releases().crd_fields(member.id.name).items()}
    own = max((minor for field, minor in wanted.items() if _has(schema, field)), default=None)
    limit = Version(f"{version.major}.{version.minor}")
    lacking = [field for field, minor in wanted.items() if (own is None or minor > own) and minor <= limit]
    if not lacking:
        return None
    return Behind(member, str(own) if own is not None else releases().oldest, tuple(lacking))


def _has(schema: Mapping[str, Any], field: str) -> bool:
    """Whether a schema has a field; those of lists stand below the list."""
    here: Mapping[str, Any] = schema
    for name in field.split("."):
        while not isinstance(here.get("properties"), dict) and isinstance(here.get("items"), dict):
            here = here["items"]
        here = mapping(mapping(here.get("properties")).get(name))
        if not here:
            return False
    return True
