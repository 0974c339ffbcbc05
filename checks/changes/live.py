"""What clusters add to a change: fields that differ already, and that the merge writes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from checks.changes.catalogue import LIVE_DIFFERS
from checks.changes.told import Said, Told
from checks.changes.view import Changes
from checks.wording import listed
from gitops.facts.changes.live import LiveDifferences, Question, questions_of

_NAMES = 4


def questions(changes: Changes) -> Sequence[Question]:
    """What is to be asked, of the most dangerous objects first."""
    asked = {(q.key, q.id): q for q in questions_of(changes.difference, changes.base, changes.head)}
    told = [(one.key, one.id) for one in changes.told if (one.key, one.id) in asked]
    return [asked[key, owned_id] for key, owned_id in dict.fromkeys(told) if key is not None]


def with_live(changes: Changes, live: LiveDifferences | None) -> Changes:
    """The same with what was seen. It says nothing about deletions, so that no digest depends on what is live."""
    if live is None:
        return changes
    told = tuple(_with(one, live) for one in changes.told)
    return replace(changes, told=told, live=live)


def _with(one: Told, live: LiveDifferences) -> Told:
    fields = live.fields.get((one.key, one.id), ()) if one.key is not None else ()
    if not fields:
        return one
    said = Said(LIVE_DIFFERS.id, _sentence(fields), LIVE_DIFFERS.source)
    return replace(one, said=(*one.said, said), differing=fields)


def _sentence(fields: Sequence[str]) -> str:
    names = listed([f"`{name}`" for name in fields], _NAMES)
    verb = "is" if len(fields) == 1 else "are"
    return (
        f"In the cluster {names} {verb} already otherwise than in git before this change (changed there, or not "
        "synced yet), and merging writes over that."
    )


def unseen_sentence(live: LiveDifferences | None) -> str:
    """What could not be compared, quietly; '' where all that was to be was, or nothing."""
    if live is None or not live.unseen:
        return ""
    return f"Not compared with what is live: {'; '.join(live.unseen)}."
