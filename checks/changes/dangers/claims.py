"""Claims that ask for more than their class lets them have."""

from __future__ import annotations

from collections.abc import Iterator

from checks.changes.block import Block
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.discovery.snapshot import OwnedId
from gitops.facts.deletions.quantities import is_less
from gitops.facts.owners import owners_of
from gitops.facts.secrets.pods import at, read_manifest
from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId

_CLASS = ("spec", "storageClassName")
_STORAGE = ("spec", "resources", "requests", "storage")


def _cannot_grow(subject: Subject) -> Iterator[str]:
    if subject.kind != ("", "PersistentVolumeClaim") or subject.change.before is None:
        return
    if not is_less(at(subject.before, _STORAGE), at(subject.after, _STORAGE)):
        return
    name = text_of(
        at(subject.after, ("spec", "storageClassName")) or at(subject.before, ("spec", "storageClassName"))
    )
    wanted = OwnedId(subject.change.id.cluster, ResourceId("storage.k8s.io", "StorageClass", "", name))
    for copy in subject.head.once(owners_of).get(wanted, ())[-1:]:
        if read_manifest(copy.resource.text).get("allowVolumeExpansion") is not True:
            yield f"it asks for more, and its StorageClass `{name}` has no `allowVolumeExpansion: true`"


ROWS = (
    Danger(
        "claim-cannot-grow",
        "A claim asks for more storage, and its StorageClass does not let claims grow.",
        "the API server refuses it, and the sync fails",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
        _cannot_grow,
        Block.ASK,
    ),
)
