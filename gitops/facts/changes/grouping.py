"""Equal changes in many places, told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gitops.facts.changes.fields import spelled
from gitops.facts.changes.model import ApplicationChange, ResourceChange, Turn
from gitops.facts.changes.resources import changed


@dataclass(frozen=True, slots=True)
class Place:
    """One manifest and the Application that brings it. `before` is the one that brought it before the change, None
    where that is the same one."""

    application: ApplicationChange
    resource: ResourceChange
    before: ApplicationChange | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Places in which the same fields of one kind change from the same values to the same values, or that move from
    one Application to one other; of what comes or goes there is a group for each manifest."""

    places: tuple[Place, ...]

    @property
    def first(self) -> Place:
        return self.places[0]

    @property
    def is_moved(self) -> bool:
        """Whether they go on under another Application."""
        return self.first.before is not None

    @property
    def applications(self) -> tuple[str, ...]:
        """Their names, each once."""
        return tuple(dict.fromkeys(place.application.application.label for place in self.places))


def grouped(applications: Iterable[ApplicationChange]) -> list[Group]:
    """The changes of all these Applications; those in the most places come first. What goes in one Application and
    comes in another is one change: the object stays where it is."""
    found: dict[object, list[Place]] = {}
    for place in _places(applications):
        found.setdefault(_key(place), []).append(place)
    return sorted((Group(tuple(places)) for places in found.values()), key=lambda group: -len(group.places))


def _places(applications: Iterable[ApplicationChange]) -> Iterator[Place]:
    places = [Place(each, resource) for each in applications for resource in each.resources]
    turns = Counter(_object(place) for place in places)
    goes, comes = (
        {_object(place): place for place in places if place.resource.turn is turn} for turn in (Turn.GOES, Turn.COMES)
    )
    # Of several that bring it nobody can say which one takes it over.
    moved = {each for each in goes if each in comes and turns[each] == 2}
    for place in places:
        if _object(place) not in moved:
            yield place
        elif place.resource.turn is Turn.COMES:
            yield _moved(goes[_object(place)], place)


def _object(place: Place) -> object:
    return place.resource.id, place.resource.is_hook


def _moved(gone: Place, come: Place) -> Place:
    before, after, owned_id = gone.resource.before, come.resource.after, come.resource.id
    if before is None or after is None:
        raise ValueError("a move without its two manifests")
    change = changed(before, after, owned_id, {}) or ResourceChange(owned_id, Turn.CHANGES, before, after)
    return Place(come.application, change, gone.application)


def _key(place: Place) -> object:
    change, rid = place.resource, place.resource.id.id
    if change.turn is not Turn.CHANGES:
        return (change.turn, id(change))
    fields = tuple((each.path, spelled(each.before), spelled(each.after), each.order) for each in change.fields)
    kind = (change.turn, rid.group, rid.kind)
    if place.before is not None:
        return (*kind, place.before.application.label, place.application.application.label, fields)
    # Without fields: what is folded, or a new hash, says nothing that would tell two places apart.
    return (*kind, fields)


def same_fields(groups: Iterable[Group]) -> list[tuple[Group, ...]]:
    """Groups in which the same fields of one kind change, each from and to values of its own, put together; and so
    are those of one kind that come, or go. In the order of the first ones."""
    found: dict[object, list[Group]] = {}
    for group in groups:
        change = group.first.resource
        paths = tuple(each.path for each in change.fields) if change.turn is Turn.CHANGES else ()
        kind = (change.turn, group.is_moved, change.id.id.group, change.id.id.kind)
        found.setdefault((*kind, paths), []).append(group)
    return [tuple(each) for each in found.values()]
