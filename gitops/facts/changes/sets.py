"""What the change of an ApplicationSet makes of its children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import Snapshot, State
from gitops.facts.changes.declared import declared_changes
from gitops.facts.changes.model import SetChange, Turn

Maker = tuple[str, str]  # namespace, name


def set_changes(
    base: Snapshot, head: Snapshot, pairs: Sequence[tuple[State | None, State | None]]
) -> Iterator[SetChange]:
    """ApplicationSets that come, go or are declared otherwise, and those that make other Applications than before.
    `pairs` are the Applications that may differ."""
    before = {(one.namespace, one.name): one for one in base.sets}
    after = {(one.namespace, one.name): one for one in head.sets}
    comes: dict[Maker, list[str]] = {}
    goes: dict[Maker, list[str]] = {}
    changes: dict[Maker, list[str]] = {}
    for old, new in pairs:
        was, will = _maker(old), _maker(new)
        if was == will and was is not None and old is not None and new is not None:
            if any(declared_changes(old.application, new.application)):
                changes.setdefault(was, []).append(new.application.name)
            continue
        if was is not None and old is not None:
            goes.setdefault(was, []).append(old.application.name)
        if will is not None and new is not None:
            comes.setdefault(will, []).append(new.application.name)
    made: dict[Maker, int] = {}
    for state in head.states:
        maker = _maker(state)
        if maker is not None:
            made[maker] = made.get(maker, 0) + 1
    for key in {**before, **after}:
        one, other = before.get(key), after.get(key)
        respecified = one is None or other is None or one.content != other.content or one.troubles != other.troubles
        if not respecified and key not in comes and key not in goes:
            continue
        turn = Turn.COMES if one is None else Turn.GOES if other is None else Turn.CHANGES
        moved = len(comes.get(key, ())) + len(changes.get(key, ()))
        yield SetChange(
            turn,
            one,
            other,
            tuple(sorted(comes.get(key, ()))),
            tuple(sorted(goes.get(key, ()))),
            tuple(sorted(changes.get(key, ()))) if respecified else (),
            made.get(key, 0) - moved if other is not None else 0,
            _unknown(one, other),
        )


def _maker(state: State | None) -> Maker | None:
    if state is None or not state.application.generated or not state.application.parents:
        return None
    return (state.application.namespace, state.application.parents[-1])


def _unknown(before: ApplicationSet | None, after: ApplicationSet | None) -> str:
    for one in (after, before):
        if one is not None and one.troubles:
            return one.troubles[0]
    return ""
