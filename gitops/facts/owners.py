"""Who owns what: every resource of a commit with the Applications that bring it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops.discovery.snapshot import Earlier, Owned, OwnedId, Scopes, Snapshot, State, Test
from gitops.facts.scopes import Placed, id_of, placed_by, scopes_in
from gitops.resources.resource import Resource


def owned_by(snapshot: Snapshot, state: State) -> Iterator[tuple[OwnedId, Owned]]:
    """What an Application owns.

    Hooks are run, not owned, and resources named by `generateName` or by chance are new objects each time: all of
    them are left out.
    """
    for owned_id, part, resource in state.once(owned_in, snapshot.once(scopes_in)):
        yield owned_id, Owned(state, part, resource, snapshot.tree)


def owned_in(state: State, scopes: Scopes) -> tuple[Placed, ...]:
    """The same, without the tree that tells where it is written. For `state.once`."""
    placed = state.once(placed_by, scopes)
    return tuple(one for one in placed if is_owned(one[2]))


def is_owned(resource: Resource) -> bool:
    """Whether an Application owns what it renders there (see `owned_by`)."""
    return not resource.hook and bool(resource.id.name) and not resource.random


def owners_of(snapshot: Snapshot) -> Mapping[OwnedId, tuple[Owned, ...]]:
    """Every resource that the Applications own (see `owned_by`), with its copies in the order of `states`."""
    earlier = snapshot.earlier
    if earlier is not None and snapshot.once(scopes_in) is earlier.snapshot.once(scopes_in):
        return _owners_since(snapshot, earlier)
    index: dict[OwnedId, list[Owned]] = {}
    for state in snapshot.states:
        for owned_id, copy in owned_by(snapshot, state):
            index.setdefault(owned_id, []).append(copy)
    return {key: tuple(copies) for key, copies in index.items()}


def owners_having(snapshot: Snapshot, test: Test) -> Iterator[tuple[OwnedId, tuple[Owned, ...]]]:
    """Those of `owners_of` that pass a test of their kind and name (`Part.having`), in the same order."""
    owners = snapshot.once(owners_of)
    copies = (copy for copy in snapshot.copies(having=test) if is_owned(copy.resource))
    for owned_id in dict.fromkeys(id_of(snapshot, copy) for copy in copies):
        yield owned_id, owners[owned_id]


def _owners_since(snapshot: Snapshot, earlier: Earlier) -> Mapping[OwnedId, tuple[Owned, ...]]:
    """The same from those of an earlier snapshot: only what the new states bring, and the old ones brought, is looked
    at."""
    before = earlier.snapshot
    gone = {id(state) for state in earlier.before}
    found: dict[OwnedId, list[Owned]] = {}
    for state in earlier.before:
        for owned_id, _ in owned_by(before, state):
            found.setdefault(owned_id, [])
    for state in earlier.after(snapshot):
        for owned_id, copy in owned_by(snapshot, state):
            found.setdefault(owned_id, []).append(copy)
    owners = dict(before.once(owners_of))
    place = {**before.once(_place), **{id(snapshot.states[at]): at for at in earlier.places}}
    for owned_id, copies in found.items():
        copies += [copy for copy in owners.pop(owned_id, ()) if id(copy.state) not in gone]
        if copies:
            owners[owned_id] = tuple(sorted(copies, key=lambda copy: place[id(copy.state)]))
    return owners


def _place(snapshot: Snapshot) -> Mapping[int, int]:
    """The place of each state object (by its `id`) in `states`."""
    return {id(state): place for place, state in enumerate(snapshot.states)}
