"""`argofix diff`: what a change does, for a terminal: the most dangerous first, then every manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.formats.changes.entries import HEADINGS, VERBS, Entry, entries, is_plain, summary
from bot.formats.changes.lines import application_lines, group_title, members, notes, settled_sentence
from bot.formats.changes.manifest import unified
from bot.formats.writing.diff import diff_of_edits, lines_of
from bot.formats.writing.lines import broken, plain
from checks.changes.block import Block
from checks.changes.live import unseen_sentence
from checks.changes.remedies import Remedy
from checks.changes.view import Changes
from checks.coverage import Coverage
from checks.wording import listed
from gitops.facts.changes.grouping import grouped
from gitops.facts.changes.model import Turn


def render(changes: Changes, width: int = 100, remedies: Sequence[Remedy] = ()) -> str:
    """Always ends with a newline."""
    if changes.is_empty:
        lines = ["Nothing that is deployed changes."]
    else:
        lines = [*_summary(changes), *_told(changes, width)]
        lines += [line for one in remedies for line in _remedy(one, changes, width)]
        lines += [*_applications(changes), *_manifests(changes, width)]
    unseen = unseen_sentence(changes.live)
    if unseen:
        lines += ["", *broken(unseen.replace("`", ""), width)]
    coverage = Coverage.of(changes.base, changes.head)
    if not coverage.whole:
        lines += ["", *broken(coverage.sentence("before and after"), width)]
    return "".join(plain(line).rstrip() + "\n" for line in lines)


def _summary(changes: Changes) -> Iterator[str]:
    said = summary(changes)
    if said:
        yield f"Merging this: {said}."


def _told(changes: Changes, width: int) -> Iterator[str]:
    for asked in Block:
        found = [one for one in changes.told if one.block is asked and not is_plain(one)]
        if found:
            yield ""
            yield f"{HEADINGS[asked]}:"
            for entry in entries(found):
                yield from _entry(entry, width)


def _entry(entry: Entry, width: int) -> Iterator[str]:
    one = entry.first
    whose = f" of {one.whose}" if one.whose else ""
    place = f"  ({one.span})" if one.span is not None else ""
    yield f"  {one.resource}{whose} {VERBS[one.verdict]}{place}"
    for said in entry.sentences:
        source = f" [{said.source}]" if said.source else ""
        yield from (f"      {line}" for line in broken(f"{said.text.replace('`', '')}{source}", width - 6))
    if entry.others:
        rest = listed(entry.others, len(entry.others))
        yield from (f"      {line}" for line in broken(f"The same holds for {rest}.", width - 6))


def _remedy(one: Remedy, changes: Changes, width: int) -> Iterator[str]:
    yield ""
    yield f"{one.title.replace('`', '')}:"
    yield from (f"  {line}" for line in broken(settled_sentence(one).replace("`", ""), width - 2))
    for number, step in enumerate(one.steps, 1):
        yield from (f"  {line}" for line in broken(f"{number}. {step.replace('`', '')}", width - 2))
    for line in lines_of(diff_of_edits(changes.base.tree, one.edits)):
        yield f"    {line}"


def _applications(changes: Changes) -> Iterator[str]:
    lines = list(application_lines(changes))
    if lines:
        yield ""
        yield "Applications:"
        yield from (f"  {line.replace('`', '')}" for line in lines)


def _manifests(changes: Changes, width: int) -> Iterator[str]:
    for group in grouped(changes.difference.applications):
        yield ""
        name, verb, where = group_title(group)
        yield f"{name} {verb} {where}"
        resource = group.first.resource
        if len(group.places) > 1:
            names = members(group)
            who = "" if group.is_moved and resource.says_little else f"as {resource.id.id} does here: "
            said = f"{who}{listed(names, len(names))}"
            yield from (f"  {line}" for line in broken(said, width - 2))
        if resource.turn is not Turn.GOES:
            yield from (f"  {line}" for line in unified(resource))
        yield from (f"  {note}" for note in notes(resource))
