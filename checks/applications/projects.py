"""The AppProjects in git, and which Applications they are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from checks.ownership.conflicts import partitions_of
from checks.policy.file import Policy
from gitops.applications.application import Application
from gitops.applications.argocd_config import GLOBAL_PROJECTS
from gitops.applications.live import Live
from gitops.applications.options import PREFIX
from gitops.discovery.snapshot import Change, Owned, Snapshot, State
from gitops.facts.owners import is_owned, owners_having
from gitops.facts.projects import Project, is_project, read_project
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.resource import Resource, ResourceId

_SECRET_TYPE = f"{PREFIX}secret-type".encode()


@dataclass(frozen=True)
class Known:
    """An AppProject that one Application brings, and the namespace that it is in, which is Argo CD's."""

    project: Project
    owned: Owned
    namespace: str


class Projects:
    """Of one side of a change. Global projects add to the lists of others, so with them none is known. `more` tells
    that a Secret here gives some project repositories or clusters of its own, which count like entries of it."""

    def __init__(self, snapshot: Snapshot, policy: Policy, live: Live | None, base: Snapshot | None) -> None:
        self._known = {} if snapshot.once(_has_global_projects) else dict(_known(snapshot))
        self.more = _has_scoped_secrets(snapshot)
        self._states = snapshot.states
        self._partitions = snapshot.once(partitions_of, policy, live, base)

    def of(self, application: Application) -> Known | None:
        """The project of an Application; None where git does not tell it."""
        known = self._known.get(application.project)
        if known is None:
            return None
        one, other = (self._partitions.of(each) for each in (application, known.owned.application))
        return None if one != other and self._partitions.settled(one, other) else known

    def states_of(self, copy: Owned) -> list[State]:
        """The Applications that are known to be in the project that a manifest declares."""
        return self._members.get(id(copy), [])

    @cached_property
    def _members(self) -> dict[int, list[State]]:
        found: dict[int, list[State]] = {}
        for state in self._states:
            known = self.of(state.application)
            if known is not None:
                found.setdefault(id(known.owned), []).append(state)
        return found


def projects_known(change: Change, policy: Policy) -> Projects:
    """Those of the head of a change, found once for all rules."""
    return change.head.once(Projects, policy, change.live, change.base)


def projects_in(snapshot: Snapshot) -> Iterator[tuple[ResourceId, Owned]]:
    """Every AppProject that an Application brings, placed, with each who does."""
    for owned_id, copies in owners_having(snapshot, is_project):
        yield from ((owned_id.id, copy) for copy in copies)


def _known(snapshot: Snapshot) -> Iterator[tuple[str, Known]]:
    found: dict[str, list[tuple[str, Owned]]] = {}
    for rid, brought in projects_in(snapshot):
        found.setdefault(rid.name, []).append((rid.namespace, brought))
    for name, all_copies in found.items():
        if len(all_copies) == 1:
            namespace, copy = all_copies[0]
            yield name, Known(read_project(copy.resource.manifest()), copy, namespace)


def _has_global_projects(snapshot: Snapshot) -> bool:
    """Whether an argocd-cm names some, rendered or in whatever file, also one that nobody here deploys."""
    return snapshot.brings(_has_globals) or any(
        GLOBAL_PROJECTS in _text(snapshot.tree, path) for path in snapshot.installing
    )


def _has_globals(resource: Resource) -> bool:
    return resource.id.kind == "ConfigMap" and is_owned(resource) and GLOBAL_PROJECTS in resource.text


def _text(tree: Tree, path: str) -> bytes:
    try:
        return tree.read(tree.resolve(path))
    except (GitopsError, KeyError):
        return b""


def _has_scoped_secrets(snapshot: Snapshot) -> bool:
    """Whether something here makes a Secret that gives a project repositories or clusters of its own."""
    return snapshot.brings(_is_scoped_secret)


def _is_scoped_secret(resource: Resource) -> bool:
    return _SECRET_TYPE in resource.text and b" project: " in resource.text
