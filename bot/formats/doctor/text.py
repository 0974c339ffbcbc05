"""`argofix doctor`: the checklist in a terminal, what is to do first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.formats.doctor.words import (
    MOST_PLACES,
    WORDS,
    asks,
    cannot,
    further,
    note_of,
    noticed,
    places_of,
    runs,
    spread,
    summary,
)
from bot.formats.writing import unanalysed
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.lines import STYLES, Line, broken, columns, line, printed, wrapped
from checks.coverage import Coverage
from checks.judgement.checklist import Entry, State
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path
from checks.model import Finding, Severity
from checks.wording import listed

_STYLES = {State.OPEN: "bold yellow", State.DONE: "bold green"}
_MOST_TOPICS = 5  # of one item
_MOST_NOTES = 5  # of one version


def render(
    evaluation: Evaluation,
    entries: Sequence[Entry],
    paths: Sequence[Path] = (),
    sources: str = "",
    *,
    colour: bool,
    width: int = 100,
) -> str:
    """The list, and where Argo CD can go; ends with one summary line. `sources` are sentences that tell where the
    versions of `paths` come from."""
    width = columns(width)
    lines: list[Line] = []
    for state, word in WORDS.items():
        mine = [entry for entry in entries if entry.state is state]
        if mine:
            lines += [line((f"{word} ({len(mine)})", _STYLES.get(state, "bold"))), *_entries(mine, width), line()]
    lines += _paths(paths, sources, width)
    lines += wrapped(Coverage.of(evaluation.snapshot).sentence(), width, 0)
    lines += unanalysed.told(evaluation, width, whole=False, more="argofix check --verbose")
    return printed([*lines, line((summary(entries), "bold"))], colour=colour)


def _entries(entries: Sequence[Entry], width: int) -> Iterator[Line]:
    """One after the other; what is told of several in the same words is told once, below the last of them."""
    for _, group in groupby(entries, key=lambda entry: entry.why if _is_plain(entry) else entry.key):
        *others, last = group
        for entry in others:
            yield from _titled(entry, width)
        yield from _entry(last, width)


def _is_plain(entry: Entry) -> bool:
    return bool(entry.why) and not (entry.places or entry.findings or entry.notices) and entry.offer is None


def _titled(entry: Entry, width: int) -> list[Line]:
    return wrapped(f"{entry.title}  [{entry.key}]", width, 2)


def _entry(entry: Entry, width: int) -> Iterator[Line]:
    yield from _titled(entry, width)
    if entry.places:
        yield from wrapped(f"at {places_of(entry)}", width, 4)
    yield from wrapped(entry.why, width, 4)
    yield from wrapped(cannot(entry), width, 4)
    if entry.offer is not None and not entry.offer.cannot:
        yield from wrapped(f"argofix can add {entry.offer.help}:", width, 4)
        yield line((f"      argofix add {entry.offer.name}", ""))
    groups = by_topic(entry.findings)
    for group in groups[:_MOST_TOPICS]:
        yield from _told(group, width)
    if len(groups) > _MOST_TOPICS:
        rest = [finding for group in groups[_MOST_TOPICS:] for finding in group]
        notices = " --notices" if any(finding.severity is Severity.NOTICE for finding in rest) else ""
        yield line((f"    and {len(groups) - _MOST_TOPICS} more: argofix check{notices} shows them", ""))
    yield from wrapped(noticed(entry, listed([str(span) for span in spread(entry.notices)], MOST_PLACES)), width, 4)


def _told(group: Sequence[Finding], width: int) -> Iterator[Line]:
    finding = group[0]
    severity = finding.severity.value
    first, *rest = broken(f"{finding.topic.title}  [{finding.rule}]", width - 6 - len(severity))
    yield line(("    ", ""), (severity, STYLES[finding.severity]), (f"  {first}", ""))
    yield from (line((f"      {each}", "")) for each in rest)
    yield from wrapped(f"at {places_of(group)}", width, 6)
    yield from wrapped(finding.topic.advice, width, 6)
    for command in finding.topic.commands.splitlines():
        yield line((f"        {command}", ""))


def _paths(paths: Sequence[Path], sources: str, width: int) -> Iterator[Line]:
    """Every version on the way to the newest, with what it asks of what is there."""
    if not paths:
        return
    yield line(("Upgrade path", "bold"))
    for path in paths:
        yield from wrapped(f"{runs(path)} ({path.place}); {further(path)}.", width, 2)
        for leg in path.way:
            yield from wrapped(f"v{leg.version}: {asks(leg, path)}", width, 4)
            notes = leg.notes or ()
            for note in notes[:_MOST_NOTES]:
                yield from wrapped(f"{note.span}: {note_of(note)}", width, 6)
                yield from (line((f"        {command}", "")) for command in note.topic.commands.splitlines())
            if len(notes) > _MOST_NOTES:
                yield line((f"      and {len(notes) - _MOST_NOTES} more: --format json has all of them", ""))
    yield from wrapped(sources, width, 2)
    yield line()
