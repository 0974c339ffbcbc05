"""Lines about Applications and titles of manifests, as text and page have them."""

from __future__ import annotations

from collections.abc import Iterator

from checks.changes.remedies import Remedy
from checks.changes.view import Changes
from checks.wording import listed, plural
from gitops.facts.changes.grouping import Group
from gitops.facts.changes.model import ApplicationChange, DeclaredChange, ResourceChange, SetChange, Turn
from gitops.facts.deletions.model import Verdict

MOST_NAMES = 12
_MOST_FIELDS = 30
_MOST_SIGNS = 200
_BESIDE = 40  # signs before the first one that differs
_IN_TITLE = 4
TURNS = {Turn.COMES: "comes", Turn.GOES: "goes", Turn.CHANGES: "changes"}


def application_lines(changes: Changes, most: int | None = None) -> Iterator[str]:
    """What changes of ApplicationSets and Applications as such: plain text with names in backticks, `most` of them in
    a list (all without it)."""
    for one in changes.difference.sets:
        yield _set(one, most)
    alike: dict[str, list[str]] = {}
    for each in changes.difference.applications:
        for said in _application(each):
            alike.setdefault(said, []).append(f"`{each.application.label}`")
    for said, names in alike.items():
        yield f"{listed(names, most or len(names))}{said}"


def _set(one: SetChange, most: int | None) -> str:
    parts = [
        f"{what} {listed([f'`{name}`' for name in found], most or len(found))}"
        for what, found in (
            ("makes anew", one.comes),
            ("no longer makes", one.goes),
            ("makes otherwise", one.changes),
        )
        if found
    ]
    if one.stays:
        parts.append(f"makes {one.stays} as before")
    text = f"ApplicationSet `{one.declared.name}` {TURNS[one.turn]}"
    if parts:
        text += f": it {'; '.join(parts)}"
    return f"{text}; not all that it makes is known: {one.unknown}." if one.unknown else f"{text}."


def _application(one: ApplicationChange) -> Iterator[str]:
    """What is said of it, to stand behind its name."""
    if one.declared:
        said = [f"{each.what} {' → '.join(_sides(each))}" for each in one.declared[:_MOST_FIELDS]]
        if len(one.declared) > _MOST_FIELDS:
            said.append(f"and {len(one.declared) - _MOST_FIELDS} more")
        yield f": {'; '.join(said)}."
    if not one.is_seen:
        when = "" if one.unseen and one.unseen_before else f" {'after' if one.unseen else 'before'} the change"
        yield f", not analysed{when}: {one.unseen or one.unseen_before}."


def _sides(change: DeclaredChange) -> tuple[str, str]:
    """Both values; of long ones the part in which they begin to differ."""
    both = change.before, change.after
    start = 0
    if all(both) and max(map(len, both)) > _MOST_SIGNS:
        same = next(
            (at for at, (one, other) in enumerate(zip(*both, strict=False)) if one != other), min(map(len, both))
        )
        start = max(0, same - _BESIDE)
    return _value(change.before, start), _value(change.after, start)


def _value(text: str, start: int) -> str:
    begun = f"…{text[start:]}" if start else text
    short = begun if len(begun) <= _MOST_SIGNS else f"{begun[: _MOST_SIGNS - 1]}…"
    return f"`{short}`" if text else "nothing"


def settled_sentence(one: Remedy) -> str:
    """What a remedy was seen to do."""
    alone = [each for each in one.settles if each.verdict is Verdict.APPLICATION_DELETED]
    kept = [each for each in one.settles if each not in alone]
    parts: list[str] = []
    if kept:
        names = listed([f"`{each.resource}`" for each in kept], MOST_NAMES)
        verb, _, rest = one.outcome.partition(" ")
        parts.append(f"{names} {verb if len(kept) == 1 else verb.removesuffix('s')} {_of_several(rest, len(kept))}")
    if alone:
        names = listed([f"`{each.resource}`" for each in alone], MOST_NAMES)
        parts.append(f"{names} {'goes' if len(alone) == 1 else 'go'} without taking anything along")
    left = f"; {plural('deletion', one.left)} {'is' if one.left == 1 else 'are'} left" if one.left else ""
    return f"Tried: merged first, these edits delete nothing, and after them {' and '.join(parts)}{left}."


def _of_several(text: str, count: int) -> str:
    return text if count == 1 else text.replace("confirms its deletion", "confirms their deletion")


def group_title(group: Group) -> tuple[str, str, str]:
    """What, what becomes of it, and where (`in shop`, `from web to shop`)."""
    resource, many = group.first.resource, len(group.places) > 1
    name = f"{len(group.places)} × {resource.id.id.kind}" if many else str(resource.id.id)
    if group.first.before is not None:
        whole = "" if resource.fields or resource.folded else ", unchanged"
        before, after = (each.application.label for each in (group.first.before, group.first.application))
        return name, "move" if many else "moves", f"from {before} to {after}{whole}"
    count = len(group.applications)
    where = listed(group.applications, _IN_TITLE) if count <= _IN_TITLE else plural("Application", count)
    return name, "change alike" if many else TURNS[resource.turn], f"in {where}"


def members(group: Group) -> tuple[str, ...]:
    """Which objects all of a group are: the names of their Applications, where each brings one."""
    if group.is_moved:
        return tuple(str(place.resource.id.id) for place in group.places)
    if len(group.applications) == len(group.places):
        return group.applications
    return tuple(f"{place.resource.id.id} of {place.application.application.label}" for place in group.places)


def notes(resource: ResourceChange) -> Iterator[str]:
    """What is not in its diff."""
    for before, after in resource.renamed:
        yield f"{before} is named {after} from now on, by its content"
    if resource.folded:
        yield f"folded, as every bump of a chart touches them: {', '.join(map(str, resource.folded))}"
