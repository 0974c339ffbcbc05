"""`argofix doctor`: the checklist in a terminal, what is to do first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.formats.writing.grouping import by_topic
from bot.formats.writing.lines import STYLES, Line, columns, line, printed, wrapped
from checks.coverage import Coverage
from checks.judgement.checklist import Entry, State
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.wording import listed, plural

WORDS = {
    State.OPEN: "to do",
    State.ABSENT: "not there",
    State.DONE: "done",
    State.UNKNOWN: "not known",
    State.NOT_WANTED: "not wanted",
}
_STYLES = {State.OPEN: "bold", State.DONE: "green"}
_WIDTH = max(map(len, WORDS.values()))
_MOST_TOPICS = 5  # of one item
_MOST_PLACES = 3


def render(evaluation: Evaluation, entries: Sequence[Entry], *, colour: bool, width: int = 100) -> str:
    """The list; ends with one summary line."""
    width = columns(width)
    lines: list[Line] = []
    for state in WORDS:
        for entry in entries:
            if entry.state is state:
                lines += _entry(entry, width)
    lines += [line(("", "")), *wrapped(Coverage.of(evaluation.snapshot).sentence(), width, 0), _summary(entries)]
    return printed(lines, colour=colour)


def _entry(entry: Entry, width: int) -> Iterator[Line]:
    yield line(
        (f"{WORDS[entry.state]:<{_WIDTH}}  ", _STYLES.get(entry.state, "")), (f"{entry.title}  [{entry.key}]", "")
    )
    if entry.places:
        yield line((" " * (_WIDTH + 2) + f"at {listed([str(place) for place in entry.places], _MOST_PLACES)}", ""))
    if entry.why:
        yield from wrapped(entry.why, width, _WIDTH + 2)
    if entry.offer is not None:
        cannot = f"argofix cannot add it here: {entry.offer.cannot}."
        yield from wrapped(cannot if entry.offer.cannot else "argofix add can:", width, _WIDTH + 2)
        if not entry.offer.cannot:
            yield line((" " * (_WIDTH + 4) + f"argofix add {entry.offer.name}", ""))
    groups = by_topic(entry.findings)
    for group in groups[:_MOST_TOPICS]:
        yield from _told(group, width)
    if len(groups) > _MOST_TOPICS:
        rest = f"and {len(groups) - _MOST_TOPICS} more: argofix check shows them"
        yield line((" " * (_WIDTH + 2) + rest, ""))


def _told(group: Sequence[Finding], width: int) -> Iterator[Line]:
    finding = group[0]
    indent = _WIDTH + 2
    yield line(
        (" " * indent + finding.severity.value, STYLES[finding.severity]),
        (f"  {finding.topic.title}  [{finding.rule}]", ""),
    )
    places = list(dict.fromkeys(str(each.span) for each in group))
    yield line((" " * (indent + 2) + f"at {listed(places, _MOST_PLACES)}", ""))
    if finding.topic.advice:
        yield from wrapped(finding.topic.advice, width, indent + 2)
    for command in finding.topic.commands.splitlines():
        yield line((" " * (indent + 4) + command, ""))


def _summary(entries: Sequence[Entry]) -> Line:
    counts = {state: sum(entry.state is state for entry in entries) for state in State}
    parts = [f"{counts[state]} {WORDS[state]}" for state in WORDS if counts[state]]
    return line((f"{plural('item', len(entries))}: {', '.join(parts)}", "bold"))
