"""`argofix doctor --format html`: one self-contained page, readable without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.formats.doctor.text import WORDS
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.pages import filled
from checks.coverage import Coverage
from checks.judgement.checklist import Entry, State
from checks.judgement.evaluation import Evaluation
from checks.model import Severity

_STYLES = {State.DONE: "good", State.UNKNOWN: "soft", State.NOT_WANTED: "soft", State.ABSENT: "soft"}
_ORDER = tuple(WORDS)
_MOST_PLACES = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """Findings that are told as one."""

    severity: str
    rule: str
    title: str
    message: str
    advice: str
    commands: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    key: str
    title: str
    word: str
    style: str
    why: str
    topics: tuple[Topic, ...]
    places: tuple[str, ...] = ()
    add: str = ""
    cannot: str = ""


def render(evaluation: Evaluation, entries: Sequence[Entry], commit: str | None) -> str:
    """The page."""
    return filled(
        "doctor/page.html",
        commit=commit,
        coverage=Coverage.of(evaluation.snapshot).sentence(),
        figures=[(sum(e.state is state for e in entries), WORDS[state]) for state in _ORDER],
        items=[_item(entry) for state in _ORDER for entry in entries if entry.state is state],
    )


def _item(entry: Entry) -> Item:
    worst = "error" if any(f.severity is Severity.ERROR for f in entry.findings) else "warning"
    topics = tuple(
        Topic(
            group[0].severity.value,
            group[0].rule,
            group[0].topic.title,
            group[0].topic.message,
            group[0].topic.advice,
            group[0].topic.commands,
            tuple(dict.fromkeys(str(finding.span) for finding in group)),
        )
        for group in by_topic(entry.findings)
    )
    return Item(
        entry.key,
        entry.title,
        WORDS[entry.state],
        _STYLES.get(entry.state, worst),
        entry.why,
        topics,
        tuple(str(span) for span in entry.places[:_MOST_PLACES]),
        entry.offer.name if entry.offer is not None and not entry.offer.cannot else "",
        entry.offer.cannot if entry.offer is not None else "",
    )
