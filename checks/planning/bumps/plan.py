"""A version bump as edits: what moves, what is left for a person, and why."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version

from gitops.files.spans import Edit, Span
from gitops.resources.resource import ResourceId
from gitops.versions.components import Component
from gitops.versions.pins.model import Pin, Pins


@dataclass(frozen=True, slots=True)
class Move:
    """One pin that the edits move, from the version `old` to `new` as written; `old` is '' where only a digest pins
    it. `span` is the line of the edit: the pin's own, or with `override` the overlay's `images`."""

    pin: Pin
    span: Span
    old: str
    new: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A pin that is left for a person: one sentence without a full stop, and a command that does it ('' if none)."""

    pin: Pin
    message: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Escape:
    """The container of a workload is to get `argument`, because of `why` (a clause)."""

    resource: ResourceId
    container: str
    argument: str
    why: str

    def is_for(self, rid: ResourceId) -> bool:
        """Whether that is the workload; the overlay alone may not say its namespace."""
        mine = self.resource
        return (mine.group, mine.kind, mine.name) == (rid.group, rid.kind, rid.name)


@dataclass(frozen=True, slots=True)
class BumpPlan:
    """Edits that take `component` to `tag` in `overlay`; none when it is there already, or when any pin is
    `reported`: then `held` are the moves that would have been made.

    `version` is that of `tag`, `digest` its image's where that is known. `notes` are sentences that a person should
    read before merging, `copies` such about copies of upstream's files that tell no version: they are left for a
    person, and keep nothing back since nobody could see that they were renewed. `escapes` are part of the edits.
    """

    component: Component
    overlay: str
    tag: str
    version: Version
    digest: str | None
    pins: Pins
    edits: tuple[Edit, ...] = ()
    moves: tuple[Move, ...] = ()
    reported: tuple[Report, ...] = ()
    held: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    escapes: tuple[Escape, ...] = ()

    @property
    def current(self) -> Version | None:
        return self.pins.current

    @property
    def blocked(self) -> bool:
        return bool(self.reported)
