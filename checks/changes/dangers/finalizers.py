"""What has to happen before an object can go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.applications.application import is_cascading
from gitops.facts.secrets.pods import at, sequence
from gitops.resources.manifests import text_of

_APPLICATION = ("argoproj.io", "Application")


def _cascade_added(subject: Subject) -> Iterator[str]:
    if _is_kept(subject) and _cascades(subject.after) and not _cascades(subject.before):
        yield "it gets Argo CD's finalizer"


def _cascade_removed(subject: Subject) -> Iterator[str]:
    if _is_kept(subject) and _cascades(subject.before) and not _cascades(subject.after):
        yield "it loses Argo CD's finalizer"


def _added(subject: Subject) -> Iterator[str]:
    if subject.change.before is None:
        return
    for name in sorted(_others(subject.after) - _others(subject.before)):
        yield f"the finalizer `{name}` is added"


def _removed(subject: Subject) -> Iterator[str]:
    for name in sorted(_others(subject.before) - _others(subject.after)):
        yield f"the finalizer `{name}` is taken out"


def _is_kept(subject: Subject) -> bool:
    return subject.kind == _APPLICATION and subject.change.before is not None


def _cascades(manifest: dict[str, Any]) -> bool:
    return any(map(is_cascading, _listed(manifest)))


def _others(manifest: dict[str, Any]) -> set[str]:
    return {name for name in _listed(manifest) if not is_cascading(name)}


def _listed(manifest: dict[str, Any]) -> list[str]:
    return [text_of(name) for name in sequence(at(manifest, ("metadata", "finalizers")))]


ROWS = (
    Danger(
        "cascade-added",
        "An Application gets Argo CD's finalizer.",
        "whoever deletes it from then on deletes all that it owns",
        "argo-cd v3.5.1, controller/appcontroller.go:1346-1401",
        _cascade_added,
    ),
    Danger(
        "cascade-removed",
        "An Application loses Argo CD's finalizer.",
        "once it is synced with that, deleting it leaves all that it owns in the cluster, and nobody owns that",
        "argo-cd v3.5.1, pkg/apis/application/v1alpha1/types.go:3575",
        _cascade_removed,
    ),
    Danger(
        "finalizer-added",
        "An object gets a finalizer.",
        "it is not deleted before somebody has taken that off, and a Namespace with it in it does not go either",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
        _added,
    ),
    Danger(
        "finalizer-removed",
        "A finalizer is taken out of a manifest.",
        "what was to be cleaned up with the object may be left behind when it goes",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
        _removed,
    ),
)
