"""What differs between two commits: Applications, and the manifests of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gitops.applications.application import Application
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import Owned, OwnedId, State
from gitops.facts.changes.fields import FieldChange
from gitops.facts.changes.unseen import UnseenSet


class Turn(StrEnum):
    """What a change makes of an Application, an ApplicationSet or a manifest. The values are what programs read."""

    COMES = "comes"
    GOES = "goes"
    CHANGES = "changes"


@dataclass(frozen=True)
class ResourceChange:
    """One manifest. `id` is where it is in the cluster, after the change where it stays. `fields` differ, without
    those that are `folded` (`folding`). `renamed` are the (old, new) names that a hash of the content gave to it and
    to what it refers to: they say nothing that the content does not. `before` and `after` are its copies, one of
    them None where it comes or goes."""

    id: OwnedId
    turn: Turn
    before: Owned | None
    after: Owned | None
    fields: tuple[FieldChange, ...] = ()
    folded: tuple[FieldChange, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def copy(self) -> Owned:
        """The copy that is there, the one after the change when both are."""
        copy = self.after or self.before
        if copy is None:
            raise ValueError("a change without a manifest")
        return copy

    @property
    def says_little(self) -> bool:
        """Whether it is only a renaming by hash, or labels and checksums that every bump touches."""
        return self.turn is Turn.CHANGES and not self.fields

    @property
    def is_hook(self) -> bool:
        return self.copy.resource.hook


@dataclass(frozen=True, slots=True)
class DeclaredChange:
    """One thing that is declared of an Application or ApplicationSet, in words: `destination` from `in-cluster/a` to
    `in-cluster/b`."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ApplicationChange:
    """One Application. `unseen_before` and `unseen` say why it was not analysed on either side, '' where it was.
    `follows` is the revision that it is deployed from when that is not the one looked at."""

    turn: Turn
    before: State | None
    after: State | None
    declared: tuple[DeclaredChange, ...] = ()
    resources: tuple[ResourceChange, ...] = ()
    unseen_before: str = ""
    unseen: str = ""

    @property
    def application(self) -> Application:
        """As it is after the change, or was before it."""
        state = self.after or self.before
        if state is None:
            raise ValueError("a change without an Application")
        return state.application

    @property
    def is_seen(self) -> bool:
        return not (self.unseen_before or self.unseen)


@dataclass(frozen=True)
class SetChange:
    """One ApplicationSet, and what its change makes of its children: their names. `stays` counts those that are
    made as before, `unknown` says why not all is known, '' where it is."""

    turn: Turn
    before: ApplicationSet | None
    after: ApplicationSet | None
    comes: tuple[str, ...] = ()
    goes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    stays: int = 0
    unknown: str = ""

    @property
    def declared(self) -> ApplicationSet:
        declared = self.after or self.before
        if declared is None:
            raise ValueError("a change without an ApplicationSet")
        return declared


@dataclass(frozen=True)
class Difference:
    """All that differs. `applications` are in the order of the head, those that go last; `compared` counts the
    Applications that had to be looked into, `steps` the manifests that were."""

    applications: tuple[ApplicationChange, ...] = ()
    sets: tuple[SetChange, ...] = ()
    unseen: tuple[UnseenSet, ...] = ()
    compared: int = 0
    steps: int = 0

    def __bool__(self) -> bool:
        return bool(self.applications or self.sets or self.unseen)
