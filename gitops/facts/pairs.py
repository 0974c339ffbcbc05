"""What is declared on both sides of a change.

An Application is one by its namespace and name. Nothing keeps people from declaring one name in several files
(examples, one Argo CD for each cluster); then roots are called by their files and lines, and one may have the key
that another one had before the change. Such are told apart by what is declared in them, and by where.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from gitops.applications.application import Application
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import Snapshot, State

_MOST = 50  # of one name: more of them are told apart by their keys alone

T = TypeVar("T")
Name = tuple[str, str]
Ranks = Sequence[Callable[[T, T], bool]]
SetPair = tuple[ApplicationSet | None, ApplicationSet | None]


def is_same(one: Application, other: Application) -> bool:
    """Whether two are one Application, on two sides of a change."""
    return (one.namespace, one.name) == (other.namespace, other.name)


def counterpart(snapshot: Snapshot, application: Application, of: Snapshot) -> State | None:
    """An Application `of` one snapshot as another one has it."""
    name = (application.namespace, application.name)
    mine, theirs = of.once(named).get(name, ()), snapshot.once(named).get(name, ())
    if len(mine) <= 1 and len(theirs) <= 1:
        return theirs[0] if theirs else None
    pairs = _paired(mine, theirs, _STATES)
    return next((other for one, other in pairs if one.application.key == application.key), None)


def set_pairs(base: Snapshot, head: Snapshot) -> Iterator[SetPair]:
    """Every ApplicationSet of both sides once."""
    before, after = base.once(_named_sets), head.once(_named_sets)
    for name in {**before, **after}:
        mine, theirs = before.get(name, ()), after.get(name, ())
        pairs = _paired(mine, theirs, _SETS)
        found = {one.key: other for one, other in pairs}
        yield from ((one, found.get(one.key)) for one in mine)
        taken = {other.key for other in found.values()}
        yield from ((None, one) for one in theirs if one.key not in taken)


def named(snapshot: Snapshot) -> Mapping[Name, Sequence[State]]:
    """The Applications by namespace and name, which several may have."""
    found: dict[Name, list[State]] = {}
    for state in snapshot.states:
        found.setdefault((state.application.namespace, state.application.name), []).append(state)
    return found


def _named_sets(snapshot: Snapshot) -> Mapping[Name, Sequence[ApplicationSet]]:
    found: dict[Name, list[ApplicationSet]] = {}
    for one in snapshot.sets:
        found.setdefault((one.namespace, one.name), []).append(one)
    return found


def _paired(mine: Sequence[T], theirs: Sequence[T], ranks: Ranks[T]) -> list[tuple[T, T]]:
    """Each at most once: what is most alike first, and what is left alone on both sides."""
    left, right = list(mine), list(theirs)
    found: list[tuple[T, T]] = []
    for is_near in ranks if max(len(left), len(right)) <= _MOST else ranks[-1:]:
        unpaired: list[T] = []
        for one in left:
            at = next((place for place, each in enumerate(right) if is_near(one, each)), None)
            if at is None:
                unpaired.append(one)
            else:
                found.append((one, right.pop(at)))
        left = unpaired
    if len(left) == len(right) == 1:
        found.append((left[0], right[0]))
    return found


def _ranks(is_alike: Callable[[T, T], bool], path: Callable[[T], str], key: Callable[[T], object]) -> Ranks[T]:
    def is_there(one: T, other: T) -> bool:
        return path(one) == path(other)

    return (
        lambda one, other: key(one) == key(other) and is_there(one, other) and is_alike(one, other),
        lambda one, other: is_there(one, other) and is_alike(one, other),
        lambda one, other: posixpath.basename(path(one)) == posixpath.basename(path(other)) and is_alike(one, other),
        is_alike,
        lambda one, other: key(one) == key(other) and is_there(one, other),
        is_there,
        lambda one, other: key(one) == key(other),
    )


def _is_declared_alike(one: State, other: State) -> bool:
    was, will = one.application, other.application
    return replace(was, origin=will.origin, root=will.root, parents=will.parents) == will


_STATES: Ranks[State] = _ranks(
    _is_declared_alike, lambda state: state.application.origin.span.path, lambda state: state.application.key
)
_SETS: Ranks[ApplicationSet] = _ranks(
    lambda one, other: one.content == other.content, lambda one: one.origin.span.path, lambda one: one.key
)
