"""Whether a live object differs already in the fields that a change touches: what a merge would write over.

Only fields that the base says something about are compared. What the API server fills in is in no manifest, and so it
is never a difference: a map is held where each key of the manifest is, a list with merge keys where each of its items
is. Amounts, numbers and durations count by what they mean, since controllers spell them their own way, and what is
`omitempty` is gone where it is zero (k8s.io/api). Values stay here; what is told is the names of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from gitops.applications.ignored import Covered
from gitops.applications.options import INSTANCE, RESPECTS_IGNORED, TRACKING
from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId, Snapshot
from gitops.facts.changes.fields import ABSENT, FieldChange, Path, value_at, written
from gitops.facts.changes.lists import SETS, Item, is_union, items_of, rule_for
from gitops.facts.changes.model import ApplicationChange, Difference, ResourceChange, Turn
from gitops.facts.changes.resources import placed_manifest
from gitops.facts.ignored import coverage
from gitops.facts.pairs import named
from gitops.facts.secrets.pods import mapping
from gitops.facts.sync_windows import parse_duration
from gitops.resources.kinds import is_built_in, split_api_version
from gitops.resources.manifests import text_of
from gitops.resources.meaning import as_applied, quantity
from gitops.resources.resource import ResourceId

Key = tuple[ApplicationKey, OwnedId]


@dataclass(frozen=True, slots=True)
class Expected:
    """One field that changes: what the base says of it, and what the head does (`ABSENT` for nothing)."""

    path: Path
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one live object. `version` is that of its manifest, in which it is to be read; `holders` are
    the names by which its Application may be its owner."""

    key: ApplicationKey
    id: OwnedId
    version: str
    holders: frozenset[str]
    fields: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class LiveDifferences:
    """`fields` are the names of those that differ already, by Application and object; only objects that differ are
    in it. `compared` counts the objects that were looked at, `unseen` says what could not be, a clause each."""

    fields: Mapping[Key, tuple[str, ...]]
    compared: int = 0
    unseen: tuple[str, ...] = ()


def questions_of(difference: Difference, base: Snapshot, head: Snapshot) -> Iterator[Question]:
    """What is to be asked of clusters. Secrets are never asked for, nor what several roots bring under the names of
    one Application, of which nobody knows whose is the live one."""
    of_name = base.once(named)
    for change in difference.applications:
        before = change.before
        if before is None or change.after is None:
            continue
        of_one_name = of_name[before.application.namespace, before.application.name]
        if len({state.application.root for state in of_one_name}) > 1:
            continue
        for resource in change.resources:
            question = _question(change, resource, head)
            if question is not None:
                yield question


def _question(change: ApplicationChange, resource: ResourceChange, head: Snapshot) -> Question | None:
    before, after = resource.before, resource.after
    if before is None or after is None or resource.turn is not Turn.CHANGES or change.before is None:
        return None
    rid = resource.id.id
    was = before.resource
    if was.hook or after.resource.hook or was.random or (rid.group, rid.kind) == ("", "Secret"):
        return None
    if (was.id.group, was.id.name) != (rid.group, rid.name) or not rid.name:
        return None  # another object than the one that is there
    manifest = as_applied(placed_manifest(was, rid.namespace))
    own = change.before.application
    respects = RESPECTS_IGNORED in change.application.sync_policy.options
    fields = tuple(
        Expected(each.path, said, each.after)
        for each in resource.fields
        if not (each.order or _is_argo_cds(each.path) or (respects and _is_left_out(each, after, head)))
        # With its names as they are before the change: `each.before` has those that a hash gives afterwards.
        if ((said := value_at(manifest, each.path)) is ABSENT) == (each.before is ABSENT)
    )
    if not fields:
        return None
    holders = frozenset({own.name, f"{own.namespace}_{own.name}"})
    version = split_api_version(text_of(manifest.get("apiVersion")))[1]
    return Question(own.key, resource.id, version, holders, fields)


def _is_argo_cds(path: Path) -> bool:
    """Whether Argo CD writes it itself, whatever the manifest says."""
    return path[-1:] in ((INSTANCE,), (TRACKING,))


def _is_left_out(change: FieldChange, after: Owned, head: Snapshot) -> bool:
    """Whether a sync takes the live value, as `ignoreDifferences` may ask for."""
    here: Any = after.resource.manifest()
    pointer = ""
    for step in change.path:
        place: str | int | None = step if not isinstance(step, Item) else None
        if isinstance(step, Item) and isinstance(here, list):
            place = next((number for number, each in enumerate(here) if step.matches(each)), None)
        if place is None:
            break
        pointer += "/" + str(place).replace("~", "~0").replace("/", "~1")
        if isinstance(here, dict):
            here = here.get(place)
        else:
            here = here[place] if isinstance(here, list) and isinstance(place, int) and place < len(here) else None
    return coverage(head, after, pointer) is not Covered.NO


def differing(question: Question, manifest: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of the fields that differ in a live object from what the base says, and that the merge writes over;
    None where the object is not held by the Application."""
    metadata = mapping(manifest.get("metadata"))
    tracking = text_of(mapping(metadata.get("annotations")).get(TRACKING))
    holder = tracking.partition(":")[0] or text_of(mapping(metadata.get("labels")).get(INSTANCE))
    if holder not in question.holders:
        return None
    live = as_applied(manifest)
    rid = question.id.id
    found = (
        written(path)
        for each in question.fields
        for path in _below(rid, each.path, each.before, each.after, value_at(live, each.path))
    )
    return tuple(dict.fromkeys(found))


def _below(rid: ResourceId, path: Path, before: Any, after: Any, live: Any) -> Iterator[Path]:
    free = _is_free(rid, path)
    if isinstance(live, dict) and isinstance(before, dict) and (isinstance(after, dict) or after is ABSENT):
        later = after if isinstance(after, dict) else {}
        for key, value in before.items():
            yield from _below(rid, (*path, key), value, later.get(key, ABSENT), live.get(key, ABSENT))
        return
    if before is ABSENT:
        # What nobody says the API server may have filled in, but for keys that people invent.
        if free and isinstance(after, dict) and isinstance(live, dict):
            for key, value in after.items():
                yield from _below(rid, (*path, key), ABSENT, value, live.get(key, ABSENT))
        elif free and live is not ABSENT and not _holds(rid, path, after, live):
            yield path
        return
    if _holds(rid, path, before, live):
        return
    if live is ABSENT and (after is ABSENT or not is_built_in(rid.group)):
        return  # nothing is written over; and what a definition does not know the API server has dropped
    if after is ABSENT or not _holds(rid, path, after, live):
        yield path


def _holds(rid: ResourceId, path: Path, wanted: Any, live: Any) -> bool:
    """Whether a live value says all that a manifest does."""
    if live is ABSENT or live is None:
        return wanted is ABSENT or not wanted
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return False
        return all(_holds(rid, (*path, key), value, live.get(key, ABSENT)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and _holds_list(rid, path, wanted, live)
    return not isinstance(live, dict | list) and _is_same(wanted, live, exact=_is_free(rid, path))


def _holds_list(rid: ResourceId, path: Path, wanted: list[Any], live: list[Any]) -> bool:
    field = next((step for step in reversed(path) if isinstance(step, str)), "")
    if is_union(rid, field):
        there = all(any(_holds(rid, path, one, other) for other in live) for one in wanted)
        return there and (field in SETS or len(wanted) == len(live))
    sides = items_of(rule_for(rid, field), wanted, live)
    if sides is not None:
        return all(_holds(rid, (*path, item), one, sides[1].get(item, ABSENT)) for item, one in sides[0].items())
    return len(wanted) == len(live) and all(
        _holds(rid, (*path, number), one, other) for number, (one, other) in enumerate(zip(wanted, live, strict=True))
    )


def _is_free(rid: ResourceId, path: Path) -> bool:
    """Whether people name the keys there, and each character of a value counts."""
    if (rid.group, rid.kind) == ("", "ConfigMap") and path and path[0] in ("data", "binaryData"):
        return True
    return any(step in _NAMED_BY_PEOPLE for step in path if isinstance(step, str))


_NAMED_BY_PEOPLE = frozenset({"labels", "annotations", "matchLabels", "nodeSelector"})


def _is_same(wanted: Any, live: Any, *, exact: bool) -> bool:
    one, other = text_of(wanted), text_of(live)
    if one == other:
        return True
    if exact:
        return False
    seconds = parse_duration(one)
    return _amount(one) == _amount(other) or (seconds is not None and seconds == parse_duration(other))


def _amount(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        found = quantity(text)
    try:
        return Decimal(found)
    except InvalidOperation:
        return text
