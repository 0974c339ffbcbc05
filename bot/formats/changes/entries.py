"""What is told, put together for reading: one entry for all objects about which the same is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.changes.block import Block
from checks.changes.told import Said, Told
from checks.changes.view import Changes
from checks.wording import plural
from gitops.facts.deletions.model import Verdict

# How a verdict is said of an object.
VERBS = {
    Verdict.APPLICATION_DELETED: "is deleted",
    Verdict.DELETED: "is deleted",
    Verdict.RECREATED: "is deleted and made again",
    Verdict.HANDED_OVER: "changes hands",
    Verdict.UNKNOWN: "cannot be judged",
    Verdict.BY_HAND: "waits for a person",
    Verdict.STAYS: "stays behind",
    Verdict.SYNC_FAILS: "makes the sync fail",
    Verdict.INEFFECTIVE: "does not change",
    Verdict.CHANGED: "changes",
    Verdict.COMES: "comes",
}
_COUNTED: Mapping[Verdict, tuple[str | tuple[str, str], str, str]] = {
    Verdict.APPLICATION_DELETED: ("deleted", "Application", "error"),
    Verdict.DELETED: ("deleted", "object", "error"),
    Verdict.RECREATED: ("deleted and made again", "object", "warning"),
    Verdict.HANDED_OVER: ("handed over", "object", "warning"),
    Verdict.UNKNOWN: (("that cannot be judged", "that cannot be judged"), "object", "warning"),
    Verdict.SYNC_FAILS: (("that makes the sync fail", "that make the sync fail"), "object", "warning"),
    Verdict.BY_HAND: (("that waits for a person", "that wait for a person"), "object", "notice"),
    Verdict.STAYS: ("left behind", "object", "notice"),
    Verdict.INEFFECTIVE: ("without effect", "change", "notice"),
    Verdict.CHANGED: ("changed", "object", "notice"),
    Verdict.COMES: ("new", "object", "notice"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Objects about which the same sentences are said."""

    members: tuple[Told, ...]

    @property
    def first(self) -> Told:
        return self.members[0]

    @property
    def sentences(self) -> tuple[Said, ...]:
        """What is said beside that it comes or changes, which its manifest shows."""
        said = tuple(each for each in self.first.said if each.source)
        return said or self.first.said

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the others, with their Applications where those are others too."""
        first = self.first.whose
        return tuple(
            f"{each.resource} of {each.whose}" if each.whose not in ("", first) else str(each.resource)
            for each in self.members[1:]
        )


def entries(told: Iterable[Told]) -> list[Entry]:
    """In the order in which they are told."""
    found: dict[object, list[Told]] = {}
    for one in told:
        key = (one.verdict, bool(one.whose), tuple((each.rule, _unnamed(each.text, one)) for each in one.said))
        found.setdefault(key, []).append(one)
    return [Entry(tuple(members)) for members in found.values()]


def _unnamed(text: str, one: Told) -> str:
    """A sentence without the name of the Application, so that it is read once for all of which it is true."""
    return text.replace(f"`{one.application}`", "``") if one.application else text


def is_plain(one: Told) -> bool:
    """Whether nothing is to be said of it but that it comes or changes: its manifest tells that."""
    return one.verdict in (Verdict.COMES, Verdict.CHANGED) and all(not each.source for each in one.said)


def counts(changes: Changes) -> list[tuple[int, str, str]]:
    """How many there are of each, in words behind the number, and how grave they are: a word of the page's style."""
    found: list[tuple[int, str, str]] = []
    for verdict, (said, noun, style) in _COUNTED.items():
        count = sum(one.verdict is verdict for one in changes.told)
        if count:
            words = f"{plural(noun, count).partition(' ')[2]} {said[count > 1] if isinstance(said, tuple) else said}"
            found.append((count, words, style))
    return found


def summary(changes: Changes) -> str:
    """The same in one line without a full stop; '' for nothing."""
    return ", ".join(f"{count} {words}" for count, words, _ in counts(changes))


HEADINGS = {
    Block.YES: "Not to be merged unseen",
    Block.ASK: "To be looked at before merging",
    Block.NO: "Good to know",
}
