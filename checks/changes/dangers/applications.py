"""What Applications are declared to be."""

from __future__ import annotations

from collections.abc import Iterator

from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.facts.changes.model import DeclaredChange


def _project(subject: Subject) -> Iterator[str]:
    for one in _declared(subject, "project"):
        yield f"it moves from the AppProject `{one.before}` to `{one.after}`"


def _prunes(subject: Subject) -> Iterator[str]:
    for one in _declared(subject, "prune"):
        if one.after == "on":
            yield "it prunes by itself from now on"


def _switched_off(subject: Subject) -> Iterator[str]:
    for one in _declared(subject, "automated sync"):
        if one.after == "off":
            yield "it no longer syncs by itself"


def _declared(subject: Subject, what: str) -> list[DeclaredChange]:
    return [one for one in subject.child.declared if one.what == what] if subject.child is not None else []


ROWS = (
    Danger(
        "project-changed",
        "An Application moves to another AppProject.",
        "what that one does not permit can no longer be synced, and is neither pruned nor deleted with the "
        "Application",
        "argo-cd v3.5.1, controller/state.go:785, controller/appcontroller.go:1263",
        _project,
    ),
    Danger(
        "prune-switched-on",
        "An Application begins to prune by itself.",
        "what it made once and git no longer holds is deleted at its next sync, and git does not tell what that is",
        "argo-cd v3.5.1, controller/appcontroller.go:2332, :2352-2364",
        _prunes,
    ),
    Danger(
        "automated-sync-switched-off",
        "An Application no longer syncs by itself.",
        "what is merged from then on reaches the cluster when somebody syncs",
        "argo-cd v3.5.1, pkg/apis/application/v1alpha1/types.go:1531",
        _switched_off,
    ),
)
