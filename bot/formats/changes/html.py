"""`argofix diff --format html`: one self-contained page, readable without a script, with everything on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.formats.changes.entries import HEADINGS, VERBS, Entry, counts, entries, is_plain
from bot.formats.changes.lines import application_lines, group_title, members, notes, settled_sentence
from bot.formats.changes.manifest import unified
from bot.formats.changes.sources import address
from bot.formats.writing.diff import diff_of_edits, lines_of
from bot.formats.writing.pages import filled
from checks.changes.block import Block
from checks.changes.live import unseen_sentence
from checks.changes.remedies import Remedy
from checks.changes.view import Changes
from checks.coverage import Coverage
from gitops.facts.changes.grouping import Group, grouped
from gitops.facts.changes.model import Turn

_OPEN = 6  # changed manifests that are shown unfolded
_STYLES = {Block.YES: "error", Block.ASK: "warning", Block.NO: "notice"}
_LINES = {"+": "in", "-": "out", "@": "at"}


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    source: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the page shows it."""

    verb: str
    name: str
    application: str
    place: str
    said: tuple[Sentence, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    style: str
    entries: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One changed manifest; `lines` are (style, line)."""

    name: str
    verb: str
    where: str
    open: bool
    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    shown: str  # whose lines these are, where they are those of many
    members: tuple[str, ...]


def render(changes: Changes, commit: str | None, base: str | None, remedies: Sequence[Remedy] = ()) -> str:
    """The page."""
    coverage = Coverage.of(changes.base, changes.head)
    return filled(
        "changes/page.html",
        commit=commit,
        base=base,
        coverage=coverage.sentence("before and after"),
        empty=changes.is_empty,
        unseen=unseen_sentence(changes.live),
        figures=[{"count": n, "words": words, "style": style} for n, words, style in counts(changes)],
        sections=list(_sections(changes)),
        remedies=[_remedy(one, changes) for one in remedies],
        applications=list(application_lines(changes)),
        manifests=list(_manifests(changes)),
    )


def _sections(changes: Changes) -> Iterator[Section]:
    for asked in Block:
        found = [one for one in changes.told if one.block is asked and not is_plain(one)]
        if found:
            yield Section(HEADINGS[asked], _STYLES[asked], tuple(map(_shown, entries(found))))


def _shown(entry: Entry) -> Shown:
    one = entry.first
    said = tuple(Sentence(each.text, each.source, address(each.source)) for each in entry.sentences)
    place = str(one.span) if one.span is not None else ""
    return Shown(VERBS[one.verdict], str(one.resource), one.whose, place, said, entry.others)


def _remedy(one: Remedy, changes: Changes) -> dict[str, object]:
    lines = lines_of(diff_of_edits(changes.base.tree, one.edits))
    styled = [(_LINES.get(line[:1], ""), line) for line in lines]
    return {"title": one.title, "told": settled_sentence(one), "steps": one.steps, "lines": styled}


def _manifests(changes: Changes) -> Iterator[Manifest]:
    for number, group in enumerate(grouped(changes.difference.applications)):
        yield _manifest(group, is_open=number < _OPEN)


def _manifest(group: Group, *, is_open: bool) -> Manifest:
    resource = group.first.resource
    lines = unified(resource) if resource.turn is not Turn.GOES else []
    name, verb, where = group_title(group)
    styled = tuple((_LINES.get(line[:1], ""), line) for line in lines)
    opened = is_open and resource.turn is Turn.CHANGES
    many = len(group.places) > 1
    shown, names = (str(resource.id.id), members(group)) if many else ("", ())
    return Manifest(name, verb, where, opened, styled, tuple(notes(resource)), shown, names)
