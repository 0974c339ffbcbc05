"""What a change does, in Markdown for a comment or a check run: the most dangerous first, then as much of the
difference as fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bot.formats.changes.entries import HEADINGS, VERBS, Entry, entries, is_plain, summary
from bot.formats.changes.lines import MOST_NAMES, application_lines, group_title, members, notes, settled_sentence
from bot.formats.changes.manifest import unified
from bot.formats.changes.sources import address
from bot.formats.writing.diff import diff_of_edits
from bot.formats.writing.markdown import block, bullets, code, details, folded, safe
from checks.changes.block import Block
from checks.changes.live import unseen_sentence
from checks.changes.remedies import Remedy
from checks.changes.told import Said, Told
from checks.changes.view import Changes
from checks.coverage import Coverage
from checks.wording import listed, plural
from gitops.facts.changes.grouping import Group, grouped, same_fields
from gitops.facts.changes.model import Turn
from gitops.files.spans import Span

Link = Callable[[Span], str]
MOST = 60_000  # of GitHub's 65,536 characters
_ENTRIES, _NAMES, _LINES, _SHORT = 40, 12, 400, 20
_EVERYTHING = "`argofix diff` shows everything"
_MEMBERS = (3_000, 300, 30)  # names of places in which the same changes
_LEAST = (12, 4)  # entries and names where not even those fit


def render(
    changes: Changes, link: Link, most: int = MOST, remedies: Sequence[Remedy] = (), *, rest: str = _EVERYTHING
) -> str:
    """Markdown of at most `most` bytes, without a mark. `link` gives the address of a place before the change, `rest`
    says where the changes are that have no room here."""
    return pages(changes, link, (most,), remedies, rest=rest)[0]


def pages(
    changes: Changes, link: Link, rooms: Sequence[int], remedies: Sequence[Remedy] = (), *, rest: str = _EVERYTHING
) -> list[str]:
    """The same in several parts, each with as many bytes of room as `rooms` says; the later ones hold the manifests
    that the first one has no room for, and are '' where it has."""
    most = rooms[0]
    if changes.is_empty:
        coverage = Coverage.of(changes.base, changes.head)
        more = "" if coverage.whole else f" {coverage.sentence('before and after')}"
        return [f"Nothing that is deployed changes.{more}", *("" for _ in rooms[1:])]
    for shown, names in ((_ENTRIES, _NAMES), _LEAST, (3, 1)):
        head = "\n\n".join(_head(changes, link, shown, names))
        if len(head.encode()) <= most - 500:
            break
    for number, one in enumerate(remedies):
        part = _remedy(one, changes, another=number > 0)
        if len(head.encode()) + len(part.encode()) <= most - 500:
            head = f"{head}\n\n{part}"
    return _with_difference(head, changes, rooms, rest)


def _remedy(one: Remedy, changes: Changes, *, another: bool) -> str:
    """The first one to be read at once, others folded."""
    steps = "\n".join(f"{number}. {safe(step)}" for number, step in enumerate(one.steps, 1))
    diff = block(diff_of_edits(changes.base.tree, one.edits).decode("utf-8", "replace"), "diff")
    text = f"{safe(settled_sentence(one))}\n\n{steps}"
    if another:
        return details(f"Or: {folded(one.title)}", f"{text}\n\n{diff}")
    return f"### {safe(one.title)}\n\n{text}\n\n{details('The edits', diff)}"


def _head(changes: Changes, link: Link, most: int, names: int) -> Iterator[str]:
    said = summary(changes)
    if said:
        yield f"**Merging this:** {said}."
    for asked in Block:
        found = [one for one in changes.told if one.block is asked and not is_plain(one)]
        if found:
            yield f"### {HEADINGS[asked]}"
            yield bullets((_entry(each, link, names) for each in entries(found)), most=most)
    unseen = unseen_sentence(changes.live)
    if unseen:
        yield f"<sub>{safe(unseen)}</sub>"
    yield from _applications(changes, most)


def _entry(entry: Entry, link: Link, names: int) -> str:
    one = entry.first
    whose = f" of {code(one.whose)}" if one.whose else ""
    place = f" ([{code(str(one.span))}]({link(one.span)}))" if one.span is not None else ""
    sentences = " ".join(
        f"{safe(each.text)}{_source(each)}" for each in one.said if each.source or len(one.said) == 1
    )
    more = ""
    if entry.others:
        rest = [code(name) for name in entry.others]
        more = f" The same holds for {listed(rest, names)}."
    return f"**{code(str(one.resource))}**{whose} {VERBS[one.verdict]}{place}. {sentences}{more}"


def _source(said: Said) -> str:
    url = address(said.source)
    if url:
        return f" ([source]({url}))"
    return f" ({safe(said.source)})" if said.source else ""


def _applications(changes: Changes, most: int) -> Iterator[str]:
    lines = [safe(line) for line in application_lines(changes, MOST_NAMES)]
    if lines:
        yield "### Applications"
        yield bullets(lines, most=most)


def _with_difference(head: str, changes: Changes, rooms: Sequence[int], rest: str) -> list[str]:
    waiting = [
        group for group in grouped(changes.difference.applications) if group.first.resource.turn is not Turn.GOES
    ]
    pages: list[str] = []
    for number, most in enumerate(rooms):
        if number and not waiting:
            pages.append("")
            continue
        parts = [part for part in (head if not number else "", "### Manifests" if waiting else "") if part]
        room = most - sum(len(part.encode()) + 2 for part in parts) - 200
        written = _whole(waiting, room)
        if written is not None:
            waiting = []
        else:
            written, waiting = _in_short(same_fields(waiting), room)
            where = "below" if number + 1 < len(rooms) else "left out here"
            if waiting:
                written.append(f"{plural('more change', len(waiting))} {_is(waiting)} {where}; {rest}.")
            else:
                written.append(f"What is alike is shown in short here; {_EVERYTHING}.")
        pages.append("\n\n".join([*parts, *written]))
    return pages


def _whole(groups: Sequence[Group], room: int) -> list[str] | None:
    """Each group by itself; None where they need more than `room` bytes."""
    written: list[str] = []
    for group in groups:
        part = _fitting(group, room - 2)
        if part is None:
            return None
        written.append(part)
        room -= len(part.encode()) + 2
    return written


def _in_short(alike: Sequence[tuple[Group, ...]], room: int) -> tuple[list[str], list[Group]]:
    """Of groups that change in the same fields the first one as a whole and the others in a line or two each, as many
    as fit; and those that do not. What one kind leaves of its share is for the next."""
    written: list[str] = []
    left_out: list[Group] = []
    for number, groups in enumerate(alike):
        share = room // (len(alike) - number)
        first = _fitting(groups[0], share - 2)
        if first is not None:
            written.append(first)
            room, share = (size - len(first.encode()) - 2 for size in (room, share))
            groups = groups[1:]
        part, shown = _lines_of(groups, share)
        if part:
            written.append(part)
            room -= len(part.encode()) + 2
        left_out += groups[shown:]
    return written, left_out


def _lines_of(groups: Sequence[Group], room: int) -> tuple[str, int]:
    """What differs in these, without what stands around it; of what comes the names. And how many are in it."""
    lines: list[str] = []
    shown, left = 0, room - 300
    for group in groups:
        own = list(_short(group))
        left -= sum(len(line.encode()) + 1 for line in own)
        if left < 0:
            break
        lines += own
        shown += 1
    if not lines:
        return "", 0
    change = groups[0].first.resource
    if change.turn is Turn.COMES:
        what = "come, by their names"
    elif groups[0].is_moved and not change.fields:
        what = "move from one Application to another"
    else:
        what = "change in the same fields, each to values of its own"
    count = f"{shown}" if shown == len(groups) else f"{shown} of {len(groups)}"
    return details(folded(f"{count} more × {change.id.id.kind} {what}"), block("\n".join(lines), "diff")), shown


def _short(group: Group) -> Iterator[str]:
    change = group.first.resource
    name, verb, where = group_title(group)
    if change.turn is Turn.COMES:
        yield f"+ {name} {where}"
        return
    yield f"# {name} {f'{verb} ' if group.is_moved else ''}{where}"
    lines = [line for line in unified(change, context=0) if not line.startswith("@@")]
    yield from lines[:_SHORT]
    if len(lines) > _SHORT:
        yield f"… and {len(lines) - _SHORT} more lines"
    yield from (f"# {note}" for note in notes(change))


def _is(found: Sequence[object]) -> str:
    return "is" if len(found) == 1 else "are"


def _fitting(group: Group, room: int) -> str | None:
    """A group with as many of its names as fit; None where nothing of it does."""
    for names in _MEMBERS if len(group.places) > 1 else (0,):
        part = _group(group, names)
        if len(part.encode()) <= room:
            return part
    return None


def _group(group: Group, names: int) -> str:
    resource = group.first.resource
    name, verb, where = group_title(group)
    title = f"{name} {verb} {where}"
    said = [safe(note) for note in notes(resource)]
    if names:
        all_of_them = listed(list(map(safe, members(group))), names)
        if group.is_moved and resource.says_little and not said:
            return f"{safe(title)}: {all_of_them}."
        said.append(f"As {code(str(resource.id.id))} does: {all_of_them}.")
    beside = "\n\n".join(said)
    if resource.says_little:
        return f"{safe(title)}. {beside}".rstrip()
    lines = unified(resource)
    cut = [*lines[:_LINES], f"… and {len(lines) - _LINES} more lines"] if len(lines) > _LINES else lines
    return details(folded(title), "\n\n".join(filter(None, (block("\n".join(cut), "diff"), beside))))


def told_lines(found: Sequence[Told], link: Link) -> str:
    """These entries alone."""
    return bullets((_entry(each, link, _NAMES) for each in entries(found)), most=_ENTRIES)
