"""What an Application has Argo CD ignore, as its normalizer reads it.

Source: argo-cd, util/argo/normalizers/diff_normalizer.go (NewIgnoreNormalizer, Normalize): group and kind are globs
without separators, name and namespace are compared as they are. A pointer is removed with
github.com/evanphx/json-patch, which knows no wildcards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.applications.subjects import spec_of
from gitops.applications.directory import glob_matches
from gitops.discovery.snapshot import State
from gitops.facts.secrets.pods import mapping, sequence
from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId


@dataclass(frozen=True, slots=True)
class Ignored:
    """One entry of `spec.ignoreDifferences`, the `index`th. Empty names and namespaces fit everything."""

    index: int
    group: str
    kind: str
    name: str
    namespace: str
    pointers: tuple[str, ...]
    expressions: tuple[str, ...]
    managers: tuple[str, ...]

    def fits_kind(self, rid: ResourceId) -> bool:
        return glob_matches(self.group, rid.group) and glob_matches(self.kind, rid.kind)

    def fits(self, rid: ResourceId) -> bool:
        """Whether the entry is about an object, placed as `rid`."""
        return self.fits_kind(rid) and self.name in ("", rid.name) and self.namespace in ("", rid.namespace)

    def covers(self, field: str) -> bool:
        """Whether it may be about a field of the object's spec. Expressions and managers are not worked out."""
        return (
            bool(self.managers)
            or any(pointer in ("/spec", f"/spec/{field}") for pointer in self.pointers)
            or any(field in each or each.strip() == ".spec" for each in self.expressions)
        )


def ignored_by(state: State) -> Iterator[Ignored]:
    """The entries of an Application."""
    for index, entry in enumerate(map(mapping, sequence(spec_of(state).get("ignoreDifferences")))):
        yield Ignored(
            index,
            text_of(entry.get("group")),
            text_of(entry.get("kind")),
            text_of(entry.get("name")),
            text_of(entry.get("namespace")),
            *(
                tuple(text_of(item) for item in sequence(entry.get(key)))
                for key in ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")
            ),
        )
