"""An addition as edits and promises: what comes, what changes, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from gitops.discovery.snapshot import Snapshot
from gitops.files.spans import Edit
from gitops.installation.find import installations_of
from gitops.installation.model import Installation
from gitops.kustomize.closure import kustomization_file
from gitops.resources.resource import ResourceId

Named = tuple[str, str, str]


class NotPossible(Exception):
    """Why an item cannot be added, a clause without a full stop."""


def named(rid: ResourceId) -> Named:
    """(group, kind, name): a kustomization alone may not say the namespace."""
    return (rid.group, rid.kind, rid.name)


@dataclass(frozen=True, slots=True)
class AdditionPlan:
    """`edits` add `item` to the kustomization `path`. Exactly the resources `comes` come, and in those of `changes`
    only what is below the path there changes. `title` is one line, `why` sentences for the pull request, `notes`
    clauses that a person should read first."""

    item: str
    path: str
    title: str
    why: str
    edits: tuple[Edit, ...]
    comes: frozenset[Named] = frozenset()
    changes: frozenset[tuple[Named, str]] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An installation that an Application renders from a kustomization of the repository, whose file is `path`."""

    installation: Installation
    path: str

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]


def places_of(snapshot: Snapshot) -> tuple[Place, ...]:
    """The installations to which something can be added, in their order. Raises `NotPossible` where there is none."""
    found: dict[str, Place] = {}
    for installation in snapshot.once(installations_of):
        for process in installation.processes if installation.deployed else ():
            owned = process.member.owned
            if owned is None or owned.part.closure is None or owned.part.elsewhere:
                continue
            source = owned.application.sources[owned.part.index]
            path = kustomization_file(snapshot.tree, source.path or "")
            if path is not None and snapshot.tree.resolve(path) == path:
                found.setdefault(path, Place(installation, path))
    if not found:
        raise NotPossible("no Application renders Argo CD from a kustomization of this repository")
    return tuple(found.values())
