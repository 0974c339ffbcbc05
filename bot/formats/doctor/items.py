"""The sections of the checklist's issue that are computed: where Argo CD can go, and how each item stands."""

from __future__ import annotations

from collections.abc import Sequence

from bot.formats.doctor.answering import Answering
from bot.formats.doctor.boxes import add_key, bump_key
from bot.formats.doctor.links import Link, linked, linked_places
from bot.formats.doctor.shown import ADDS, BUMPS, Shown
from bot.formats.doctor.words import WORDS, asks, cannot, further, guide, noticed, runs, sources, spread
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import code, safe
from checks.judgement.checklist import Entry, State
from checks.judgement.upgrade import Leg, Path, Step
from checks.model import Finding
from checks.policy.bumps import Level
from checks.wording import listed
from gitops.installation.releases import releases

_MOST_NOTES = 5
_UNHEARD = "The registries do not answer as they should"


def upgrade_path(shown: Shown, told: Answering, link: Link) -> list[str]:
    """Where each installation can go: with boxes as far as `bump` takes it, and every version on the way."""
    lines: list[str] = []
    for path in shown.paths:
        if not path.followed:
            continue
        at = f"{safe(runs(path))} ({linked([path.place], link)}); {further(path)}"
        if path.steps is None:
            lines.append(f"- {at}. {safe(sources(published=False, why=_UNHEARD))}")
        elif not path.steps:
            lines.append(f"- {at}. There is nothing newer that `.github/argofix.yaml` allows.")
        elif not path.moves:
            lines.append(f"- {at}. It moves by hand, once staging has it.")
        else:
            lines.append(f"- {at}.")
            lines += [_step(shown, told, path, step, link) for step in path.steps]
        stepped = {step.release.version for step in path.steps or () if path.moves}
        lines += [_leg(leg, path, link) for leg in path.way if leg.version not in stepped]
    return ["### Upgrade path", "", *lines] if lines else []


def _leg(leg: Leg, path: Path, link: Link) -> str:
    return f"- {code(path.name)} to v{leg.version}: {asks(leg, path)}{_noted(leg.notes or (), link)}"


def _noted(notes: Sequence[Finding], link: Link) -> str:
    told = [f"{safe(note.message)} ({linked_places([note], link)})" for note in notes]
    return f": {listed(told, _MOST_NOTES)}" if told else ""


def _step(shown: Shown, told: Answering, path: Path, step: Step, link: Link) -> str:
    key, branch = bump_key(str(step.release.version)), f"{BUMPS}{step.level.value}"
    what = "the newest patch" if step.level is Level.PATCH else f"the next {step.level.value}"
    pull = shown.opened.get(branch)
    text = f"{code(path.name)} to {step.release.tag}, {what}"
    if step.level is not Level.PATCH:
        known = releases().knows(path.current) and releases().knows(step.release.version)
        text += f": {guide(step.notes if known else None)}{_noted(step.notes, link)}"
    if pull is not None:
        return f"- {text}: #{pull.number}{told.answer(key)}"
    closed = shown.declined.get(branch)
    return told.box(key, text + (f" (somebody closed #{closed.number})" if closed is not None else ""))


def checklist(shown: Shown, told: Answering, link: Link) -> list[str]:
    return ["### Checklist", "", *(_item(shown, told, entry, link) for entry in shown.entries)]


def _item(shown: Shown, told: Answering, entry: Entry, link: Link) -> str:
    title, word = safe(entry.title), f"**{WORDS[entry.state]}**"
    if entry.state is State.NOT_WANTED:
        return f"- {word}: ~~{title}~~ ({safe(entry.why)})"
    also = noticed(entry, linked(spread(entry.notices), link))
    if entry.findings:
        groups = by_topic(entry.findings)
        more = f", and {len(groups) - 1} more" if len(groups) > 1 else ""
        text = f"{word}: {title}: {safe(groups[0][0].topic.title)} ({linked_places(groups[0], link)}){more}"
        return f"- {text}. {also}" if also else f"- {text}"
    where = f" ({linked(entry.places, link)})" if entry.places else ""
    why = f". {safe(entry.why)}" if entry.why else ""
    if also:
        why = f"{why or '.'} {also}"
    return _offered(shown, told, entry, f"{word}: {title}{where}{why}")


def _offered(shown: Shown, told: Answering, entry: Entry, text: str) -> str:
    """The line, with what argofix can do about it."""
    offer = entry.offer
    if offer is None:
        return f"- {text}"
    branch = f"{ADDS}{offer.name}"
    pull, closed = shown.opened.get(branch), shown.declined.get(branch)
    if pull is not None:
        return f"- {text} #{pull.number} adds it.{told.answer(add_key(offer.name))}"
    if closed is not None:
        return f"- {text} #{closed.number} would have added it, and was declined."
    if offer.cannot:
        return f"- {text} {safe(cannot(entry))}{told.answer(add_key(offer.name))}"
    what = "A tick" if shown.boxes else "`argofix add`"
    return told.box(add_key(offer.name), f"{text} {what} adds {safe(offer.help)}.")
