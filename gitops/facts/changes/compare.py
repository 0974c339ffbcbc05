"""From two snapshots to all that differs between them.

It costs no more than what was rendered anew: an Application that is the same object on both sides, or made of the
same renderings (by fingerprint) and declared alike, is not looked into.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops.discovery.snapshot import ApplicationKey, Snapshot, State
from gitops.facts.alike import is_alike
from gitops.facts.changes.declared import declared_changes
from gitops.facts.changes.model import ApplicationChange, Difference, Turn
from gitops.facts.changes.resources import resource_changes
from gitops.facts.changes.sets import set_changes
from gitops.facts.changes.unseen import unseen_sets
from gitops.facts.deletions.unread import reads_the_same, unread
from gitops.facts.pairs import counterpart
from gitops.facts.scopes import scopes_in


def difference(base: Snapshot, head: Snapshot) -> Difference:
    """What differs in `head` from `base`."""
    pairs = list(_pairs(base, head))
    found: list[ApplicationChange] = []
    compared = steps = 0
    scoped = base.once(scopes_in) != head.once(scopes_in)
    for before, after in pairs:
        if before is not None and after is not None and not scoped and _is_settled(before, after, base, head):
            continue
        compared += 1
        steps += sum(len(part.resources) for state in (before, after) if state is not None for part in state.parts)
        change = _compared(before, after, base, head)
        if change is not None:
            found.append(change)
    sets = tuple(set_changes(base, head, pairs))
    return Difference(tuple(found), sets, tuple(unseen_sets(base, head)), compared, steps)


def _pairs(base: Snapshot, head: Snapshot) -> Iterator[tuple[State | None, State | None]]:
    """Applications of both sides; those of the base that may differ, in the order of the head."""
    if head.earlier is not None and head.earlier.snapshot is base:
        yield from zip(head.earlier.before, head.earlier.after(head), strict=True)
        return
    seen: set[ApplicationKey] = set()
    for state in head.states:
        before = counterpart(base, state.application, head)
        if before is not None:
            if before.application.key in seen:
                before = None
            else:
                seen.add(before.application.key)
        if before is not state:
            yield before, state
    for state in base.states:
        if state.application.key not in seen:
            yield state, None


def _is_settled(before: State, after: State, base: Snapshot, head: Snapshot) -> bool:
    if not is_alike(before, after):
        return False
    return before is after or not unread(after) or reads_the_same(before, after, base.tree, head.tree)


def _compared(before: State | None, after: State | None, base: Snapshot, head: Snapshot) -> ApplicationChange | None:
    resources = tuple(resource_changes(before, after, base, head))
    unseen_before = unread(before) if before is not None else ""
    unseen = unread(after) if after is not None else ""
    if before is None or after is None:
        turn = Turn.COMES if before is None else Turn.GOES
        return ApplicationChange(turn, before, after, (), resources, unseen_before, unseen)
    declared = tuple(declared_changes(before.application, after.application))
    if not (declared or resources) and (
        not (unseen or unseen_before) or reads_the_same(before, after, base.tree, head.tree)
    ):
        return None
    return ApplicationChange(Turn.CHANGES, before, after, declared, resources, unseen_before, unseen)
