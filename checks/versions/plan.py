"""A version bump as edits: what moves, what is left for a person, and why."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version

from gitops.spans import Edit, Span
from gitops.versions.components import Component
from gitops.versions.pins import Pin, Pins


@dataclass(frozen=True, slots=True)
class Move:
    """One pin that the edits move: the text as it stands and as it will stand. An override that is added for a pin in
    a shared base names that pin; `span` is where the edit is made."""

    pin: Pin
    span: Span
    old: str
    new: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A pin left for a person: one sentence without a full stop, and the command that does it ('' if none)."""

    pin: Pin
    message: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class BumpPlan:
    """Edits that take `component` to `version` in `overlay`; none when it is there already. `notes` are sentences
    that a person should read before merging."""

    component: Component
    overlay: str
    version: Version
    pins: Pins
    edits: tuple[Edit, ...] = ()
    moves: tuple[Move, ...] = ()
    reported: tuple[Report, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def current(self) -> Version | None:
        return self.pins.current
