"""What the change of an ApplicationSet makes of its children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops.applicationsets.declared import ApplicationSet, SetKey
from gitops.discovery.snapshot import Snapshot, State
from gitops.facts.changes.declared import declared_changes
from gitops.facts.changes.model import SetChange, Turn
from gitops.facts.pairs import set_pairs


def set_changes(
    base: Snapshot, head: Snapshot, pairs: Sequence[tuple[State | None, State | None]]
) -> Iterator[SetChange]:
    """ApplicationSets that come, go or are declared otherwise, and those that make other Applications than before.
    `pairs` are the Applications that may differ."""
    both = list(set_pairs(base, head))
    known = {after.key: before.key for before, after in both if before is not None and after is not None}
    comes: dict[SetKey, list[str]] = {}
    goes: dict[SetKey, list[str]] = {}
    changes: dict[SetKey, list[str]] = {}
    for old, new in pairs:
        was, will = _maker(old), _maker(new)
        if will is not None:
            will = known.get(will, will)
        if was == will and was is not None and old is not None and new is not None:
            if any(declared_changes(old.application, new.application)):
                changes.setdefault(was, []).append(new.application.name)
            continue
        if was is not None and old is not None:
            goes.setdefault(was, []).append(old.application.name)
        if will is not None and new is not None:
            comes.setdefault(will, []).append(new.application.name)
    made: dict[SetKey, int] = {}
    for state in head.states:
        maker = _maker(state)
        if maker is not None:
            maker = known.get(maker, maker)
            made[maker] = made.get(maker, 0) + 1
    for one, other in both:
        declared = one or other
        assert declared is not None
        key = declared.key
        respecified = one is None or other is None or _makes_otherwise(one, other)
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


def _makes_otherwise(one: ApplicationSet, other: ApplicationSet) -> bool:
    """Whether what it makes its Applications of differs; its own labels are its manifest's business."""
    if one.troubles != other.troubles:
        return True
    return one.content != other.content and one.manifest.get("spec") != other.manifest.get("spec")


def _maker(state: State | None) -> SetKey | None:
    if state is None or not state.application.generated or not state.application.parents:
        return None
    application = state.application
    return (application.root, application.namespace, application.parents[-1])


def _unknown(before: ApplicationSet | None, after: ApplicationSet | None) -> str:
    for one in (after, before):
        if one is not None and one.troubles:
            return one.troubles[0]
    return ""
