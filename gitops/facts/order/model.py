"""What is known about the order of two Applications."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cached_property

from gitops.applications.application import Application
from gitops.discovery.snapshot import ApplicationKey, Owned
from gitops.facts.secrets.place import place
from gitops.facts.secrets.references import Use
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId


class Strength(IntEnum):
    """What happens when the order is not kept."""

    HINT = 1  # nothing much: it works without, or something else makes it
    SOFT = 2  # it is applied, and does not become healthy before the other one is there
    HARD = 3  # the sync fails


class Evidence(Enum):
    """What shows the order, in the order in which reasons are told."""

    HANDOVER = "handover"
    PARENT = "parent"
    PROJECT = "project"
    NAMESPACE = "namespace"
    DEFINITION = "definition"
    API_SERVICE = "api-service"
    REFERENCE = "reference"
    WEBHOOK = "webhook"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {evidence: rank for rank, evidence in enumerate(Evidence)}


@dataclass(frozen=True)
class Reason:
    """Why one Application goes first: it brings `provided` (by the manifest `provider`), which `application` needs
    with its manifest `consumer` (None: the Application as such) and `others` more. `use` is the reference in it.

    Of a hand-over `consumer` is the other copy, where there is one, and `already` as in `Handover`."""

    evidence: Evidence
    strength: Strength
    provided: ResourceId
    provider: Owned
    application: Application
    consumer: Owned | None = None
    use: Use | None = None
    others: int = 0
    already: bool = False

    @cached_property
    def provided_at(self) -> Span:
        """Where the needed thing is written."""
        return self.provider.origin.span

    @cached_property
    def needed_at(self) -> Span:
        """Where the need is written: the line of the reference, else the first line of the manifest."""
        if self.consumer is None and self.evidence is Evidence.HANDOVER:
            return self.provided_at  # the other one no longer writes it anywhere
        if self.consumer is None:
            return self.application.origin.span
        if self.use is not None:
            return place(self.consumer, self.use)
        return self.consumer.origin.span

    @property
    def sort_key(self) -> tuple[int, int, ResourceId]:
        return (-self.strength, self.evidence.rank, self.provided)


@dataclass(frozen=True)
class Edge:
    """`before` is to be synced before `after`; the reasons are sorted, the strongest first."""

    before: ApplicationKey
    after: ApplicationKey
    reasons: tuple[Reason, ...]

    @property
    def strength(self) -> Strength:
        return max((reason.strength for reason in self.reasons), default=Strength.HINT)

    @property
    def ends(self) -> tuple[ApplicationKey, ApplicationKey]:
        return (self.before, self.after)


@dataclass(frozen=True, slots=True)
class Handover:
    """`resource` is to be `keeper`'s alone; `loser` brings it too, or did. `already` tells that the keeper brought it
    before the change, so that it takes nothing over."""

    keeper: ApplicationKey
    loser: ApplicationKey
    resource: ResourceId
    cluster: str
    already: bool = False


class Bringer(Enum):
    """What brings the Applications that have waves, and so who would have to obey them."""

    APPLICATION = "Application"
    ROLLING = "RollingSync"  # of an ApplicationSet: its steps are the waves, counted from 1
    SET = "ApplicationSet"
    NOBODY = "nobody"  # that the repository knows


@dataclass(frozen=True, slots=True)
class Waves:
    """The sync waves of Applications that come together: (wave, their keys), ascending, at least two of them.

    Argo CD goes on to the next wave when everything in the one before is healthy; that is what a parent Application
    does, and the steps of an ApplicationSet's RollingSync, and nothing else.
    """

    bringer: Bringer
    parent: ApplicationKey
    groups: tuple[tuple[int, tuple[ApplicationKey, ...]], ...]


def only(edges: Iterable[Edge], strength: Strength) -> list[Edge]:
    """The edges of this strength."""
    return [edge for edge in edges if edge.strength is strength]
