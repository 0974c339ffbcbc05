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
from gitops.facts.changes.grouping import Group, grouped
from gitops.facts.changes.model import Turn
from gitops.files.spans import Span

Link = Callable[[Span], str]
MOST = 60_000  # of GitHub's 65,536 characters
_ENTRIES, _NAMES, _LINES = 40, 12, 400
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
    left = most - sum(len(part.encode()) + 2 for part in parts) - 200
    shown = 0
    for group in groups:
        part = _group(group)
        if len(part.encode()) + 2 > left:
            continue
        left -= len(part.encode()) + 2
        shown += 1
        parts.append(part)
    if shown < len(groups):
        parts.append(f"{len(groups) - shown} more changes are left out here; `argofix diff` shows everything.")
    return "\n\n".join(parts)


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
