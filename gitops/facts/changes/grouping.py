"""Equal changes in many places, told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitops.facts.changes.fields import spelled
from gitops.facts.changes.model import ApplicationChange, ResourceChange, Turn


@dataclass(frozen=True, slots=True)
class Place:
    """One manifest and the Application that brings it."""

    application: ApplicationChange
    resource: ResourceChange


@dataclass(frozen=True, slots=True)
class Group:
    """Places in which the same fields of one kind change from the same values to the same values; of what comes or
    goes there is a group for each manifest."""

    places: tuple[Place, ...]

    @property
    def first(self) -> Place:
        return self.places[0]

    @property
    def applications(self) -> tuple[str, ...]:
        """Their names, each once."""
        return tuple(dict.fromkeys(place.application.application.label for place in self.places))


def grouped(applications: Iterable[ApplicationChange]) -> list[Group]:
    """The changes of all these Applications; those in the most places come first."""
    found: dict[object, list[Place]] = {}
    for application in applications:
        for resource in application.resources:
            found.setdefault(_key(resource), []).append(Place(application, resource))
    return sorted((Group(tuple(places)) for places in found.values()), key=lambda group: -len(group.places))


def _key(change: ResourceChange) -> object:
    rid = change.id.id
    if change.turn is not Turn.CHANGES:
        return (change.turn, id(change))
    fields = tuple((each.path, spelled(each.before), spelled(each.after), each.order) for each in change.fields)
    if not fields:
        # What is folded, or a new hash, says nothing that would tell two places apart.
        return (change.turn, rid.group, rid.kind)
    return (change.turn, rid.group, rid.kind, fields)


def same_fields(groups: Iterable[Group]) -> list[tuple[Group, ...]]:
    """Groups in which the same fields of one kind change, each from and to values of its own, put together; and so
    are those of one kind that come, or go. In the order of the first ones."""
    found: dict[object, list[Group]] = {}
    for group in groups:
        change = group.first.resource
        paths = tuple(each.path for each in change.fields) if change.turn is Turn.CHANGES else ()
        found.setdefault((change.turn, change.id.id.group, change.id.id.kind, paths), []).append(group)
    return [tuple(each) for each in found.values()]
