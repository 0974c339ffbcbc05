"""How items of the checklist and versions are told: in the same words in a terminal, on a page and in the issue."""

from __future__ import annotations

from collections.abc import Sequence

from checks.judgement.checklist import Entry, State
from checks.judgement.upgrade import Leg, Path
from checks.model import Finding
from checks.wording import listed, plural
from gitops.files.spans import Span
from gitops.installation.releases import releases

# In the order in which they are told: what is to do first.
WORDS = {
    State.OPEN: "To do",
    State.ABSENT: "Not there",
    State.DONE: "Done",
    State.UNSEEN: "Not all looked at",
    State.UNKNOWN: "Cannot be told from git",
    State.NOT_WANTED: "Not wanted",
}
MOST_PLACES = 3


def summary(entries: Sequence[Entry]) -> str:
    """How many items stand how."""
    counts = {state: sum(entry.state is state for entry in entries) for state in WORDS}
    told = [f"{count} {WORDS[state].lower()}" for state, count in counts.items() if count]
    return f"{plural('item', len(entries))}: {', '.join(told)}"


def cannot(entry: Entry) -> str:
    """Why argofix does not add what is not there, a sentence; '' where it can, or adds no such thing."""
    offer = entry.offer
    return f"argofix cannot add it here: {offer.cannot}." if offer is not None and offer.cannot else ""


def noticed(entry: Entry, places: str) -> str:
    """How many notices an item has, a sentence, '' for none. `places` names some of theirs (`spread`)."""
    if not entry.notices:
        return ""
    rules = listed([f"`{rule}`" for rule in sorted({finding.rule for finding in entry.notices})])
    return f"`argofix check --notices` shows {plural('notice', len(entry.notices))} of {rules}, at {places}."


def spread(findings: Sequence[Finding]) -> list[Span]:
    """Where they are written, once each: one place of each file, then one of each rule, so that few of them show
    much, then all others."""
    ordered = sorted(findings, key=lambda finding: (finding.span, finding.rule))
    of_file = {finding.span.path: finding.span for finding in reversed(ordered)}
    of_rule = {finding.rule: finding.span for finding in reversed(ordered)}
    first = (*sorted(of_file.values()), *sorted(of_rule.values()))
    return list(dict.fromkeys((*first, *(finding.span for finding in ordered))))


def runs(path: Path) -> str:
    """What runs where, a clause."""
    return f"`{path.name}` runs v{path.current}"


def further(path: Path) -> str:
    """How far it is to the newest version, a clause."""
    if not path.way:
        return "no newer version is known"
    minors = len({leg.version.release[:2] for leg in path.way} - {path.current.release[:2]})
    newest = f"the newest is v{path.way[-1].version}"
    return f"{newest}, {plural('minor version', minors)} further on" if minors else newest


def asks(leg: Leg, path: Path) -> str:
    """What going to this version asks of what is there, a clause."""
    if leg.version.release[:2] == path.current.release[:2]:
        return "the newest patch of what runs"
    return guide(leg.notes)


def guide(notes: Sequence[Finding] | None) -> str:
    """How much of an upgrade guide is about what is there, a clause; None where argofix does not know it."""
    if notes is None:
        return "argofix does not know its upgrade guide"
    if not notes:
        return "no note of its upgrade guide is about what was looked at"
    count = plural("note", len(notes))
    return f"{count} of its upgrade guide {'is' if len(notes) == 1 else 'are'} about what was looked at"


def sources(published: bool, why: str = "") -> str:
    """Where the versions on the way come from, sentences. `why` is a clause that says why nobody was asked."""
    known = f"{releases().newest} of {releases().dated}"
    if published:
        told = f"The versions are those that quay.io and GitHub publish now; argofix knows the guides up to {known}."
    else:
        because = f"{why}, so the" if why else "The"
        told = f"{because} versions are those that argofix ships with, up to {known}: later ones are not among them."
    return f"{told} What a guide says of things that are in no manifest is left out."


def note_of(finding: Finding) -> str:
    """What a note says of what is there, and what to do, sentences."""
    message = finding.message[:1].upper() + finding.message[1:]
    return f"{message}. {finding.topic.advice}".strip()


def places_of(entry: Entry | Sequence[Finding]) -> str:
    """Where what is told of an item is written, or findings are."""
    spans = entry.places if isinstance(entry, Entry) else [finding.span for finding in entry]
    return listed([str(span) for span in dict.fromkeys(spans)], MOST_PLACES)
