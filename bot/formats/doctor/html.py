"""`argofix doctor --format html`: one self-contained page, readable without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.formats.doctor.words import MOST_PLACES, WORDS, asks, cannot, further, note_of, noticed, runs, spread
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.pages import filled
from bot.formats.writing.unanalysed import by_cause
from checks.coverage import Coverage
from checks.judgement.checklist import Entry, State
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path
from checks.model import Severity
from checks.wording import listed

_STYLES = dict.fromkeys(State, "soft") | {State.DONE: "good"}


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
    adds: str = ""
    cannot: str = ""
    noticed: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One on the way to the newest; `notes` are (place, text, commands)."""

    name: str
    asks: str
    notes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Of one installation."""

    told: str
    place: str
    versions: tuple[Version, ...]


def render(
    evaluation: Evaluation,
    entries: Sequence[Entry],
    commit: str | None,
    paths: Sequence[Path] = (),
    sources: str = "",
) -> str:
    """The page."""
    return filled(
        "doctor/page.html",
        commit=commit,
        coverage=Coverage.of(evaluation.snapshot).sentence(),
        figures=[(sum(e.state is state for e in entries), word) for state, word in WORDS.items()],
        items=[_item(entry) for state in WORDS for entry in entries if entry.state is state],
        gaps=[cause.told() for cause in by_cause(evaluation.gaps, evaluation.snapshot)],
        ways=[_way(path) for path in paths],
        sources=sources,
    )


def _way(path: Path) -> Way:
    versions = tuple(
        Version(
            f"v{leg.version}",
            asks(leg, path),
            tuple((str(note.span), note_of(note), note.topic.commands) for note in leg.notes or ()),
        )
        for leg in path.way
    )
    return Way(f"{runs(path)}; {further(path)}.", str(path.place), versions)


def _item(entry: Entry) -> Item:
    grave = any(f.severity is Severity.ERROR for f in entry.findings)
    style = "error" if grave else "warning" if entry.state is State.OPEN else _STYLES[entry.state]
    offer = entry.offer if entry.offer is not None and not entry.offer.cannot else None
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
        style,
        entry.why,
        topics,
        tuple(str(span) for span in entry.places[:MOST_PLACES]),
        offer.name if offer is not None else "",
        offer.help if offer is not None else "",
        cannot(entry),
        noticed(entry, listed([str(span) for span in spread(entry.notices)], MOST_PLACES)),
    )
