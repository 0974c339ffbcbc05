"""What a change does, in Markdown for a comment or a check run: the most dangerous first, then as much of the
difference as fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bot.formats.changes.entries import HEADINGS, VERBS, Entry, entries, is_plain, summary
from bot.formats.changes.lines import application_lines, group_title, notes, settled_sentence
from bot.formats.changes.manifest import unified
from bot.formats.changes.sources import address
from bot.formats.writing.diff import diff_of_edits
from bot.formats.writing.markdown import block, bullets, code, details, safe
from checks.changes.block import Block
from checks.changes.live import unseen_sentence
from checks.changes.remedies import Remedy
from checks.changes.told import Said, Told
from checks.changes.view import Changes
from checks.coverage import Coverage
from checks.wording import listed
from gitops.facts.changes.grouping import Group, grouped, same_fields
from gitops.facts.changes.model import Turn
from gitops.files.spans import Span

Link = Callable[[Span], str]
MOST = 60_000  # of GitHub's 65,536 characters
_ENTRIES, _NAMES, _LINES, _SHORT = 40, 12, 400, 20
_LEAST = (12, 4)  # entries and names where not even those fit


def render(changes: Changes, link: Link, most: int = MOST, remedies: Sequence[Remedy] = ()) -> str:
    """Markdown of at most `most` bytes, without a mark. `link` gives the address of a place before the change."""
    if changes.is_empty:
        coverage = Coverage.of(changes.base, changes.head)
        more = "" if coverage.whole else f" {coverage.sentence('before and after')}"
        return f"Nothing that is deployed changes.{more}"
    for shown, names in ((_ENTRIES, _NAMES), _LEAST, (3, 1)):
        head = "\n\n".join(_head(changes, link, shown, names))
        if len(head.encode()) <= most - 500:
            break
    for number, one in enumerate(remedies):
        part = _remedy(one, changes, another=number > 0)
        if len(head.encode()) + len(part.encode()) <= most - 500:
            head = f"{head}\n\n{part}"
    return _with_difference(head, changes, most)


def _remedy(one: Remedy, changes: Changes, *, another: bool) -> str:
    """The first one to be read at once, others folded."""
    steps = "\n".join(f"{number}. {safe(step)}" for number, step in enumerate(one.steps, 1))
    diff = block(diff_of_edits(changes.base.tree, one.edits).decode("utf-8", "replace"), "diff")
    text = f"{safe(settled_sentence(one))}\n\n{steps}"
    if another:
        return details(f"Or: {safe(one.title)}", f"{text}\n\n{diff}")
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
    lines = [safe(line) for line in application_lines(changes)]
    if lines:
        yield "### Applications"
        yield bullets(lines, most=most)


def _with_difference(head: str, changes: Changes, most: int) -> str:
    groups = [
        group for group in grouped(changes.difference.applications) if group.first.resource.turn is not Turn.GOES
    ]
    if not groups:
        return head
    parts = [head, "### Manifests"] if head else ["### Manifests"]
    room = most - sum(len(part.encode()) + 2 for part in parts) - 200
    written = _whole(groups, room)
    if written is None:
        written, left_out = _in_short(same_fields(groups), room)
        if left_out:
            written.append(f"{left_out} more changes are left out here; `argofix diff` shows everything.")
    return "\n\n".join([*parts, *written])


def _whole(groups: Sequence[Group], room: int) -> list[str] | None:
    """Each group by itself; None where they need more than `room` bytes."""
    written: list[str] = []
    for group in groups:
        written.append(_group(group))
        room -= len(written[-1].encode()) + 2
        if room < 0:
            return None
    return written


def _in_short(alike: Sequence[tuple[Group, ...]], room: int) -> tuple[list[str], int]:
    """Of groups that change in the same fields the first one as a whole and the others in a line or two each, as many
    as fit; and how many do not. What one kind leaves of its share is for the next."""
    written: list[str] = []
    left_out = 0
    for number, groups in enumerate(alike):
        share = room // (len(alike) - number)
        first = _group(groups[0])
        if len(first.encode()) + 2 <= share:
            written.append(first)
            room, share = (size - len(first.encode()) - 2 for size in (room, share))
            groups = groups[1:]
        part, shown = _lines_of(groups, share)
        if part:
            written.append(part)
            room -= len(part.encode()) + 2
        left_out += len(groups) - shown
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
    what = (
        "come, by their names"
        if change.turn is Turn.COMES
        else "change in the same fields, each to values of its own"
    )
    count = f"{shown}" if shown == len(groups) else f"{shown} of {len(groups)}"
    return details(f"{count} more × {safe(change.id.id.kind)} {what}", block("\n".join(lines), "diff")), shown


def _short(group: Group) -> Iterator[str]:
    change = group.first.resource
    where = listed(group.applications, 3)
    if change.turn is Turn.COMES:
        yield f"+ {change.id.id} in {where}"
        return
    yield f"# {change.id.id} in {where}"
    lines = [line for line in unified(change, context=0) if not line.startswith("@@")]
    yield from lines[:_SHORT]
    if len(lines) > _SHORT:
        yield f"… and {len(lines) - _SHORT} more lines"
    yield from (f"# {note}" for note in notes(change))


def _group(group: Group) -> str:
    resource = group.first.resource
    name, verb, where = group_title(group)
    title = f"{safe(name)} {verb} in {safe(where)}".replace("&", "&amp;")
    beside = "\n\n".join(safe(note) for note in notes(resource))
    if resource.says_little:
        return f"{title}. {beside}"
    lines = unified(resource)
    cut = [*lines[:_LINES], f"… and {len(lines) - _LINES} more lines"] if len(lines) > _LINES else lines
    return details(title, "\n\n".join(filter(None, (block("\n".join(cut), "diff"), beside))))


def told_lines(found: Sequence[Told], link: Link) -> str:
    """These entries alone."""
    return bullets((_entry(each, link, _NAMES) for each in entries(found)), most=_ENTRIES)
