"""What could not be analysed, by cause: `9 of ... : why`, instead of nine lines that say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.formats.writing.lines import Line, line, wrapped
from checks.judgement.evaluation import Evaluation
from checks.judgement.gaps import gaps_by_subject
from checks.wording import listed
from gitops.discovery.snapshot import Snapshot

_SHOWN = 3
_MOST_LINES = 14
_PUNCTUATION = "(),.;:"
_NAMED_BY = ("chart", "plugin", "submodule", "argument", "options")  # the word behind one of these is a name


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason and whom it concerns; `subjects` is empty for what concerns nobody in particular."""

    reason: str
    subjects: tuple[str, ...]

    def told(self, most: int = _SHOWN) -> str:
        """One sentence without a full stop that names at most so many of them."""
        if not self.subjects:
            return self.reason
        if len(self.subjects) == 1:
            return f"{self.subjects[0]}: {self.reason}"
        return f"{len(self.subjects)} × {self.reason}: {listed(self.subjects, most)}"


def by_cause(gaps: Sequence[str], snapshot: Snapshot) -> list[Cause]:
    """Gaps that are told of a commit: those that no Application of it has first, one by one; then by cause, those of
    most Applications first."""
    known = {f"{subject}: {reason}": (subject, reason) for subject, reason in gaps_by_subject(snapshot) if subject}
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for gap in dict.fromkeys(gaps):
        if gap in known:
            groups.setdefault(_kind(known[gap][1]), []).append(known[gap])
    found = sorted((_cause(members) for members in groups.values()), key=lambda cause: -len(cause.subjects))
    return [*(Cause(gap, ()) for gap in dict.fromkeys(gaps) if gap not in known), *found]


def told(evaluation: Evaluation, width: int, *, whole: bool, more: str = "--verbose") -> Iterator[Line]:
    """The section, empty when everything was analysed; in a bounded number of lines unless `whole` is asked for, and
    `more` is what tells the rest."""
    count = len(evaluation.gaps)
    if not count:
        return
    yield line((f"Not analysed: {count}", "bold"))
    if whole:
        for gap in evaluation.gaps:
            yield from wrapped(gap, width, 2)
        return
    found = by_cause(evaluation.gaps, evaluation.snapshot)
    lines = 0
    for number, cause in enumerate(found):
        own = wrapped(cause.told(), width, 2)
        if number and lines + len(own) > _MOST_LINES:
            left = sum(max(len(each.subjects), 1) for each in found[number:])
            yield line((f"  and {left} more for {len(found) - number} other reasons ({more} tells each)", ""))
            return
        lines += len(own)
        yield from own


def _cause(members: Sequence[tuple[str, str]]) -> Cause:
    """One reason for all of them, `…` where they differ."""
    words = [reason.split(" ") for _, reason in members]
    columns = [list(dict.fromkeys(position)) for position in zip(*words, strict=True)]
    differing = sum(len(column) > 1 for column in columns)
    told = " ".join(column[0] if len(column) == 1 else _either(column, alone=differing == 1) for column in columns)
    return Cause(told, tuple(subject for subject, _ in members if subject))


def _either(words: Sequence[str], *, alone: bool) -> str:
    """`main or stage` where that is all that differs, else `…`."""
    first = words[0]
    end = first[len(first.rstrip(_PUNCTUATION)) :]
    bare = [word.rstrip(_PUNCTUATION) for word in words]
    return f"{' or '.join(bare)}{end}" if alone and len(bare) == 2 else f"…{end}"


def _kind(reason: str) -> tuple[str, ...]:
    """The reason without its names: paths, URLs, numbers, and what stands in backticks or behind `chart`."""
    words = reason.split(" ")
    kind: list[str] = []
    for at, word in enumerate(words):
        bare = word.strip(_PUNCTUATION)
        named = at > 0 and words[at - 1] in _NAMED_BY
        kind.append("…" if named or not re.fullmatch(r"[A-Za-z'’-]*", bare) else bare)
    return tuple(kind)
